package adit.hbone;

import org.jspecify.annotations.Nullable;

/// What a client says when it opens a tunnel. The header values stand here as they are on the wire,
/// at most [#MAX_VALUE] characters each; [Baggage], [Forwarded] and [Traceparent] read them.
///
/// @param authority `:authority`, `ip:port` or `hostname:port`
/// @param forwarded the `forwarded` header, or null
/// @param baggage the `baggage` header, or null
/// @param traceparent the `traceparent` header, or null
/// @param forwardedNetwork the `x-forwarded-network` header, or null
public record ConnectHead(
    String authority,
    @Nullable String forwarded,
    @Nullable String baggage,
    @Nullable String traceparent,
    @Nullable String forwardedNetwork) {
  /// Longest header value that is kept; a longer one counts as absent.
  public static final int MAX_VALUE = 8192;
}
