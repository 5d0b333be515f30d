package adit.telemetry;

/// Answers the requests of one path of an [AdminHttp].
@FunctionalInterface
public interface AdminRoute {
  /// Called on the server's executor, so it may take its time.
  ///
  /// @throws Exception becomes status 500 with the exception's message
  AdminResponse handle(AdminRequest request) throws Exception;
}
