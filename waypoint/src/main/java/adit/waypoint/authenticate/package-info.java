/// Which tokens of requests are believed. Knows nothing of what they permit.
package adit.waypoint.authenticate;
