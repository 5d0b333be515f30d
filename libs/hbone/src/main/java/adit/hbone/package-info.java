/// HBONE: tunnels of mutual TLS and HTTP/2 CONNECT, client and server.
package adit.hbone;
