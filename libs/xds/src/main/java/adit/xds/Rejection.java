package adit.xds;

/// A resource that was not applied. The rest of its response was; a NACK names this one.
///
/// @param name of the resource
/// @param reason for the control plane's operator
public record Rejection(String name, String reason) {}
