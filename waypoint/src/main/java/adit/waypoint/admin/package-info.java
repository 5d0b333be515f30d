/// What operators are shown.
package adit.waypoint.admin;
