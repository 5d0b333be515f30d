/// What is told about requests and connections: metrics under the mesh's names, and the access log.
package adit.waypoint.observe;
