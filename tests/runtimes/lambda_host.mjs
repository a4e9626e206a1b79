// Calls the handler of a bundled Lambda function twice, as a warm instance is called. Arguments: bundle, URL.
const [bundle, url] = process.argv.slice(2);
const { handler } = await import(bundle);
console.log(JSON.stringify([await handler({ url }), await handler({ url, role: "landing" })]));
process.exit(); // the connections of a warm instance stay open
