/// Connections to backends, through HBONE or plain, with HTTP/1.1 or HTTP/2 on them: pooled per
/// event loop, one exchange or many at a time. Knows nothing of why a backend was chosen.
package adit.waypoint.upstream;
