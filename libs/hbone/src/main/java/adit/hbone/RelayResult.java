package adit.hbone;

import org.jspecify.annotations.Nullable;

/// How a relay ended.
///
/// @param fromFirst bytes from the first party (the TCP side of a tunnel relay) to the second
/// @param fromSecond bytes from the second party (the tunnel) to the first
/// @param error null when both directions ended; resets and broken pipes count as ends
public record RelayResult(long fromFirst, long fromSecond, @Nullable Throwable error) {}
