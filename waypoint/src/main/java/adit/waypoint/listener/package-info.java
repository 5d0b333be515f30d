/// From accepted connections to requests: HBONE, detection of the protocol inside, and the server
/// side of HTTP/1.1 and HTTP/2. Knows nothing of what becomes of a request.
package adit.waypoint.listener;
