package adit.model;

/// One workload behind a service.
///
/// @param ports service port to this workload's own target port
public record Endpoint(Workload workload, PortMap ports) {}
