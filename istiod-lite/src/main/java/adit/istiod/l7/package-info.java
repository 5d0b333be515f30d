/// Routes and policies of layer 7, as a waypoint is told of them: one object of the user is one
/// resource. Pure: a view in, resources and what their owners are told out.
package adit.istiod.l7;
