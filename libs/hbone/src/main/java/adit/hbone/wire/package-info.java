/// HTTP/2 frames and header blocks (RFC 9113, RFC 7541), as little of them as CONNECT tunnels need.
package adit.hbone.wire;
