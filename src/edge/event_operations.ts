/**
 * The operations of `event_routes.ts` and `metrics_routes.ts`, described.
 *
 * @module
 */
import * as z from "zod/mini";
import { PROMETHEUS_TYPE } from "../telemetry/prometheus.ts";
import { VERSION } from "../telemetry/version.ts";
import type { OperationGroup } from "./operation.ts";

const eventId = z.string().check(z.regex(/^[0-9]{1,16}-[0-9a-z]{8}-[0-9]{1,12}$/));
const EVENT_ID = "1767225600000-x3k9q2ab-17";
const EVENT = `retry: 2000

id: ${EVENT_ID}
event: transition
data: {"id":"${EVENT_ID}","process":"x3k9q2ab","type":"transition","at":1767225600000,"scope":"host",\
"key":"api.example.org","from":"closed","to":"open","reason":"open","until":1767225660000}

`;

/** See the module's description. */
export const EVENTS: OperationGroup = {
  name: "telemetry",
  description: "What dashboards and Prometheus call",
  schemas: {},
  operations: [
    {
      method: "get",
      path: "/v1/events",
      id: "getEvents",
      summary: "What happens, as it happens: server-sent events without end",
      description:
        "Events transition, operator, policy, mode and store_outage, of every process on the store: those of others at " +
        "most 2 s late. After an event gap, read the breakers again: something was missed.",
      scope: "read",
      parameters: [
        {
          in: "header",
          name: "Last-Event-ID",
          description: "Resumes after this event, as browsers do by themselves",
          schema: eventId,
          example: EVENT_ID,
        },
        {
          in: "query",
          name: "last_event_id",
          description: "The same, for clients that cannot set a header",
          schema: eventId,
          example: EVENT_ID,
        },
      ],
      answers: {
        200: {
          description: "A stream; the data of each event is one line of JSON",
          type: "text/event-stream",
          schema: z.string(),
          examples: { "a transition": EVENT },
        },
      },
      mayBeUnavailable: true,
    },
    {
      method: "get",
      path: "/metrics",
      id: "getMetrics",
      summary: "Metrics in the text format of Prometheus",
      scope: "read",
      answers: {
        200: {
          description: "Every metric, of this process",
          type: PROMETHEUS_TYPE,
          schema: z.string(),
          examples: {
            "its beginning": "# HELP breakwater_build_info 1, with the version of Breakwater.\n" +
              "# TYPE breakwater_build_info gauge\n" +
              `breakwater_build_info{version="${VERSION}"} 1\n`,
          },
        },
      },
    },
  ],
};
