/// Messages and streams, whatever version of HTTP carries them: what the listener side, the flow
/// and the upstream side say to each other.
package adit.waypoint.message;
