/// Which endpoint of a service gets the next request, and how much a service takes.
package adit.waypoint.balance;
