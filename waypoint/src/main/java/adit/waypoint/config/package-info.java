/// The environment as checked settings.
package adit.waypoint.config;
