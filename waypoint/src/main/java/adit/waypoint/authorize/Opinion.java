package adit.waypoint.authorize;

import com.google.protobuf.ByteString;
import io.netty.handler.codec.http.HttpHeaders;

/// What an authorizer says.
public sealed interface Opinion {
  /// The request may go on.
  ///
  /// @param request changes of its headers
  /// @param query changes of its query
  /// @param response changes of the headers of its answer
  record Allowed(HeaderEdits request, QueryEdits query, HeaderEdits response) implements Opinion {}

  /// It may not, and this is its answer.
  record Denied(int status, HttpHeaders headers, ByteString body) implements Opinion {}

  /// It said nothing that counts.
  ///
  /// @param why for logs
  record Unknown(String why) implements Opinion {}
}
