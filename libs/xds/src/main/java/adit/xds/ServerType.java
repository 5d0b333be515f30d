package adit.xds;

import adit.protos.discovery.DeltaDiscoveryRequest;
import adit.protos.discovery.DeltaDiscoveryResponse;
import adit.protos.discovery.Resource;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One client's subscription to one type. Confined to the server's executor.
///
/// A wildcard client holds everything of the snapshot it was sent last, so only that snapshot is
/// remembered and thousands of clients share it. An on-demand client has names of its own.
final class ServerType {
  private static final String WILDCARD = "*";
  // Names that one client can make us remember.
  private static final int MAX_NAMES = 200_000;

  private final String typeUrl;
  private boolean wildcard;
  private final Set<String> names = new HashSet<>();
  // What the client holds: at first what it told, then a snapshot of ours.
  private @Nullable Map<String, String> toldVersions;
  private Map<String, ResourceVersion> holds = Map.of();
  private String sentNonce = "";
  private String acknowledgedNonce = "";
  private @Nullable Instant sentAt;
  private @Nullable String lastError;
  private boolean answered;

  /// The first request of the type on a stream.
  ServerType(DeltaDiscoveryRequest first) {
    typeUrl = first.getTypeUrl();
    names.addAll(first.getResourceNamesSubscribeList());
    // Nothing subscribed means everything. `*` subscribed and unsubscribed in one message is an
    // on-demand client that starts with nothing.
    wildcard = names.isEmpty() || names.contains(WILDCARD);
    toldVersions = new HashMap<>(first.getInitialResourceVersionsMap());
    if (first.getResourceNamesUnsubscribeList().contains(WILDCARD)) {
      wildcard = false;
    }
    if (!wildcard) {
      names.addAll(first.getInitialResourceVersionsMap().keySet());
    }
    names.removeAll(first.getResourceNamesUnsubscribeList());
    names.remove(WILDCARD);
  }

  /// Whether a response is on its way that was not answered.
  boolean awaitsAnswer() {
    return !sentNonce.isEmpty() && !answered;
  }

  /// Takes an answer or a changed subscription.
  ///
  /// @return names that were added and want a response
  Set<String> receive(DeltaDiscoveryRequest request, NackListener nacks) {
    if (!request.getResponseNonce().isEmpty() && !request.getResponseNonce().equals(sentNonce)) {
      return Set.of(); // stale: it answers something that was overtaken
    }
    if (request.hasErrorDetail()) {
      // What was refused counts as sent: repeating it would be refused again, for ever.
      lastError = request.getErrorDetail().getMessage();
      nacks.rejected(typeUrl, lastError);
      answered = true;
    } else if (!request.getResponseNonce().isEmpty()) {
      acknowledgedNonce = sentNonce;
      answered = true;
    }
    Set<String> added = new HashSet<>(request.getResourceNamesSubscribeList());
    if (added.remove(WILDCARD)) {
      wildcard = true;
    }
    request.getResourceNamesUnsubscribeList().forEach(names::remove);
    added.removeAll(names);
    if (names.size() + added.size() <= MAX_NAMES) {
      names.addAll(added);
    }
    return added;
  }

  /// Reports a NACK.
  interface NackListener {
    void rejected(String typeUrl, String message);
  }

  /// What the client lacks of `current`, or null if nothing. The first response is sent even when
  /// it is empty: the client waits for it.
  ///
  /// @param mustAnswer names that get an answer even if they are unknown
  DeltaDiscoveryResponse.@Nullable Builder difference(
      Map<String, ResourceVersion> current, Difference.Latest latest, Set<String> mustAnswer) {
    List<Resource> changed = new ArrayList<>();
    List<String> removed = new ArrayList<>();
    boolean first = toldVersions != null;
    if (wildcard) {
      wildcardDifference(current, latest, changed, removed);
    } else {
      namedDifference(current, mustAnswer, changed, removed);
    }
    toldVersions = null;
    holds = current;
    if (changed.isEmpty() && removed.isEmpty() && !first) {
      return null;
    }
    return DeltaDiscoveryResponse.newBuilder()
        .setTypeUrl(typeUrl)
        .addAllResources(changed)
        .addAllRemovedResources(removed);
  }

  private void wildcardDifference(
      Map<String, ResourceVersion> current,
      Difference.Latest latest,
      List<Resource> changed,
      List<String> removed) {
    Map<String, String> told = toldVersions;
    if (told == null) {
      Difference difference = latest.between(holds, current);
      changed.addAll(difference.changed());
      removed.addAll(difference.removed());
      return;
    }
    current.forEach((name, version) -> {
      if (!version.version().equals(told.get(name))) {
        changed.add(Difference.resource(name, version));
      }
    });
    told.keySet().stream().filter(name -> !current.containsKey(name)).forEach(removed::add);
  }

  private void namedDifference(
      Map<String, ResourceVersion> current,
      Set<String> mustAnswer,
      List<Resource> changed,
      List<String> removed) {
    Map<String, String> byAlias = new HashMap<>();
    if (!mustAnswer.isEmpty() && !current.keySet().containsAll(mustAnswer)) {
      current.forEach(
          (name, version) -> version.aliases().forEach(alias -> byAlias.put(alias, name)));
    }
    Set<String> asked = new HashSet<>(names);
    asked.addAll(mustAnswer);
    for (String asking : asked) {
      String name = byAlias.getOrDefault(asking, asking);
      ResourceVersion version = current.get(name);
      boolean forced = mustAnswer.contains(asking);
      if (version == null) {
        boolean held = heldVersionOrNull(name) != null;
        if (held || forced) {
          removed.add(asking);
        }
      } else if (forced || !version.version().equals(heldVersionOrNull(name))) {
        names.add(name);
        changed.add(
            Difference.resource(name, version).toBuilder()
                .addAllAliases(version.aliases())
                .build());
      }
    }
  }

  private @Nullable String heldVersionOrNull(String name) {
    if (toldVersions != null) {
      return toldVersions.get(name);
    }
    ResourceVersion held = holds.get(name);
    return held == null ? null : held.version();
  }

  void sent(String nonce, Instant now) {
    sentNonce = nonce;
    sentAt = now;
    answered = false;
  }

  SyncStatus.OfType status() {
    return new SyncStatus.OfType(sentNonce, acknowledgedNonce, sentAt, lastError);
  }
}
