/// What external authorizers are asked, and what they say. Pure.
package adit.waypoint.authorize;
