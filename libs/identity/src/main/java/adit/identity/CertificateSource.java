package adit.identity;

import adit.model.SpiffeId;
import java.util.concurrent.CompletionStage;

/// Where certificates come from: a CA over the network, or one in memory for tests.
@FunctionalInterface
public interface CertificateSource {
  /// Makes a new key and has it certified for the identity.
  ///
  /// @return fails with an [IdentityException]; completes on any thread
  CompletionStage<CertificateChain> fetch(SpiffeId identity);
}
