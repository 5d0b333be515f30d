package adit.istiod.l7;

import java.util.List;

/// Names of gRPC's status codes, in their order from 0.
final class GrpcCodes {
  private static final List<String> NAMES =
      List.of(
          "OK",
          "CANCELLED",
          "UNKNOWN",
          "INVALID_ARGUMENT",
          "DEADLINE_EXCEEDED",
          "NOT_FOUND",
          "ALREADY_EXISTS",
          "PERMISSION_DENIED",
          "RESOURCE_EXHAUSTED",
          "FAILED_PRECONDITION",
          "ABORTED",
          "OUT_OF_RANGE",
          "UNIMPLEMENTED",
          "INTERNAL",
          "UNAVAILABLE",
          "DATA_LOSS",
          "UNAUTHENTICATED");

  private GrpcCodes() {}

  /// A name or a number; -1 if it is neither.
  static int codeOrMinus(String text) {
    if (text.matches("\\d{1,2}")) {
      int code = Integer.parseInt(text);
      return code < NAMES.size() ? code : -1;
    }
    return NAMES.indexOf(text);
  }
}
