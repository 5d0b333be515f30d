/// Where a connection and a request are meant to go. Pure.
package adit.waypoint.route;
