package adit.model;

/// What a service's port speaks, as its name or `appProtocol` says.
public enum AppProtocol {
  /// Not said.
  UNKNOWN,
  HTTP11,
  /// Without TLS.
  HTTP2,
  GRPC,
  TCP,
  TLS
}
