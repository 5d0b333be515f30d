/// Traces: what comes in with a request, what goes on with it, and the spans that are told.
package adit.waypoint.trace;
