package adit.identity;

import adit.model.SpiffeId;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What is known about one identity's certificate, for `config_dump`.
///
/// @param state `Initializing`, `Available` or `Unavailable: <error>`
/// @param current the certificate being served, if any
/// @param lastError the last failed fetch since the last good one, if any
/// @param nextAttempt when the next fetch is due, by the wall clock
public record CertificateState(
    SpiffeId identity,
    String state,
    @Nullable CertificateChain current,
    @Nullable String lastError,
    Instant nextAttempt) {}
