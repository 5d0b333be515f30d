/// The order of the stages for each connection and each request.
package adit.waypoint.flow;
