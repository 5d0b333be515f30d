package adit.telemetry;

import java.nio.charset.StandardCharsets;

/// What an [AdminRoute] answers. Immutable; the body is not copied.
public final class AdminResponse {
  private final int status;
  private final String contentType;
  private final byte[] body;

  private AdminResponse(int status, String contentType, byte[] body) {
    this.status = status;
    this.contentType = contentType;
    this.body = body;
  }

  /// Plain text in UTF-8.
  public static AdminResponse text(int status, String body) {
    return of(status, "text/plain; charset=utf-8", body.getBytes(StandardCharsets.UTF_8));
  }

  /// Status 200 with JSON text.
  public static AdminResponse json(String body) {
    return of(200, "application/json", body.getBytes(StandardCharsets.UTF_8));
  }

  /// Status 200 with a page.
  public static AdminResponse html(String body) {
    return of(200, "text/html; charset=utf-8", body.getBytes(StandardCharsets.UTF_8));
  }

  /// A status without a body.
  public static AdminResponse empty(int status) {
    return of(status, "", new byte[0]);
  }

  /// Any body; ownership of the array passes to the response.
  public static AdminResponse of(int status, String contentType, byte[] body) {
    return new AdminResponse(status, contentType, body);
  }

  public int status() {
    return status;
  }

  /// Empty when there is no body.
  public String contentType() {
    return contentType;
  }

  byte[] body() {
    return body;
  }

  /// The body as UTF-8 text.
  public String bodyText() {
    return new String(body, StandardCharsets.UTF_8);
  }
}
