package adit.hbone;

import org.jspecify.annotations.Nullable;

/// What a server answers to CONNECT.
///
/// @param status 200 for an open tunnel
/// @param baggage the destination's `baggage`, or null
/// @param refusal the `x-adit-refusal` header, or null: why the tunnel was refused
public record ConnectAnswer(int status, @Nullable String baggage, @Nullable String refusal) {
  /// The name of the header that tells a client why it was refused. Other meshes ignore it.
  public static final String REFUSAL_HEADER = "x-adit-refusal";
}
