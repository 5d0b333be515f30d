package adit.xds;

import adit.protos.discovery.DeltaDiscoveryRequest;
import adit.protos.discovery.DeltaDiscoveryResponse;
import adit.protos.discovery.Resource;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One client's subscription to one type. Confined to the server's executor.
///
/// A wildcard client holds everything of the snapshot it was sent last, so only that snapshot is
/// remembered and thousands of clients share it. An on-demand client has names of its own, and what
/// it holds is remembered name by name.
final class ServerType {
  private static final String WILDCARD = "*";
  // Names that one client can make us remember.
  private static final int MAX_NAMES = 200_000;

  private final String typeUrl;
  // What an on-demand client gets without asking.
  private final String ownGroup;
  private boolean wildcard;
  // What an on-demand client asked for: names or aliases.
  private final Set<String> names = new HashSet<>();
  // Name to version, of what a client holds: told by itself at first. An on-demand client's is kept
  // up to date; a wildcard client's is dropped for a snapshot.
  private final Map<String, String> heldVersions;
  private @Nullable Map<String, ResourceVersion> heldSnapshot;
  private String sentNonce = "";
  private String acknowledgedNonce = "";
  private @Nullable Instant sentAt;
  private @Nullable String lastError;
  private boolean responded;
  private boolean answered;

  /// The first request of the type on a stream.
  ///
  /// @param ownGroup whose members an on-demand client gets without asking; of its node
  ServerType(DeltaDiscoveryRequest first, String ownGroup) {
    this.ownGroup = ownGroup;
    typeUrl = first.getTypeUrl();
    heldVersions = new HashMap<>(first.getInitialResourceVersionsMap());
    names.addAll(first.getResourceNamesSubscribeList());
    // Nothing subscribed means everything. `*` subscribed and unsubscribed in one message is an
    // on-demand client that starts with nothing.
    wildcard = names.isEmpty() || names.contains(WILDCARD);
    if (first.getResourceNamesUnsubscribeList().contains(WILDCARD)) {
      wildcard = false;
    }
    if (!wildcard) {
      names.addAll(heldVersions.keySet());
    }
    first.getResourceNamesUnsubscribeList().forEach(this::unsubscribe);
    names.remove(WILDCARD);
  }

  private void unsubscribe(String name) {
    if (name.equals(WILDCARD)) {
      wildcard = false;
    }
    names.remove(name);
    if (!wildcard) {
      heldVersions.remove(name);
    }
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
    added.removeAll(names);
    request.getResourceNamesUnsubscribeList().forEach(this::unsubscribe);
    if (added.remove(WILDCARD) && !request.getResourceNamesUnsubscribeList().contains(WILDCARD)) {
      wildcard = true;
    }
    if (!wildcard && names.size() + added.size() <= MAX_NAMES) {
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
  /// @param mustAnswer names that get an answer even if they are unknown or held
  DeltaDiscoveryResponse.@Nullable Builder difference(
      Map<String, ResourceVersion> current, Difference.Latest latest, Set<String> mustAnswer) {
    Map<String, Resource> changed = new LinkedHashMap<>();
    Set<String> removed = new LinkedHashSet<>();
    if (wildcard) {
      wildcardDifference(current, latest, changed, removed);
      mustAnswer.forEach(asked -> answer(asked, current, latest, changed, removed));
    } else {
      namedDifference(current, latest, mustAnswer, changed, removed);
    }
    boolean first = !responded;
    responded = true;
    if (changed.isEmpty() && removed.isEmpty() && mustAnswer.isEmpty() && !first) {
      return null;
    }
    return DeltaDiscoveryResponse.newBuilder()
        .setTypeUrl(typeUrl)
        .addAllResources(changed.values())
        .addAllRemovedResources(removed);
  }

  /// As [#difference], but a wildcard client keeps what is gone until it is asked for the
  /// difference: others may refer to it still.
  DeltaDiscoveryResponse.@Nullable Builder additions(
      Map<String, ResourceVersion> current, Difference.Latest latest) {
    Map<String, ResourceVersion> snapshot = heldSnapshot;
    if (!wildcard || snapshot == null) {
      return difference(current, latest, Set.of());
    }
    Difference difference = latest.between(snapshot, current);
    return difference(
        difference.removed().isEmpty() ? current : latest.keeping(difference), latest, Set.of());
  }

  private void wildcardDifference(
      Map<String, ResourceVersion> current,
      Difference.Latest latest,
      Map<String, Resource> changed,
      Set<String> removed) {
    Map<String, ResourceVersion> snapshot = heldSnapshot;
    if (snapshot != null) {
      Difference difference = latest.between(snapshot, current);
      difference.changed().forEach(one -> changed.put(one.getName(), one));
      removed.addAll(difference.removed());
    } else {
      current.forEach((name, version) -> {
        if (!version.version().equals(heldVersions.get(name))) {
          changed.put(name, Difference.resource(name, version));
        }
      });
      heldVersions.keySet().stream()
          .filter(name -> !current.containsKey(name))
          .forEach(removed::add);
      heldVersions.clear();
    }
    heldSnapshot = current;
  }

  private void namedDifference(
      Map<String, ResourceVersion> current,
      Difference.Latest latest,
      Set<String> mustAnswer,
      Map<String, Resource> changed,
      Set<String> removed) {
    becomeNamed();
    heldVersions.keySet().stream().filter(name -> !current.containsKey(name)).forEach(removed::add);
    Set<String> forced = responded ? mustAnswer : names;
    for (String asked : names) {
      List<String> found = resolve(asked, current, latest);
      if (found.isEmpty() && forced.contains(asked)) {
        removed.add(asked);
      }
      addLacking(found, mustAnswer.contains(asked), current, changed);
    }
    addLacking(latest.members(current, ownGroup), false, current, changed);
    changed.values().forEach(one -> heldVersions.put(one.getName(), one.getVersion()));
    removed.forEach(heldVersions::remove);
    // What was found by an alias is followed by its name, should the alias move.
    names.addAll(changed.keySet());
  }

  /// @param again whether also what the client holds is sent
  private void addLacking(
      List<String> found,
      boolean again,
      Map<String, ResourceVersion> current,
      Map<String, Resource> changed) {
    for (String name : found) {
      ResourceVersion version = Objects.requireNonNull(current.get(name));
      if (again || !version.version().equals(heldVersions.get(name))) {
        changed.put(name, withAliases(name, version));
      }
    }
  }

  /// A client that left the wildcard keeps what it holds and asks for nothing yet.
  private void becomeNamed() {
    Map<String, ResourceVersion> snapshot = heldSnapshot;
    if (snapshot != null) {
      snapshot.forEach((name, version) -> heldVersions.put(name, version.version()));
      heldSnapshot = null;
    }
  }

  private void answer(
      String asked,
      Map<String, ResourceVersion> current,
      Difference.Latest latest,
      Map<String, Resource> changed,
      Set<String> removed) {
    List<String> found = resolve(asked, current, latest);
    if (found.isEmpty()) {
      removed.add(asked);
    }
    for (String name : found) {
      changed.put(name, withAliases(name, Objects.requireNonNull(current.get(name))));
    }
  }

  /// What a client means by a name: the resource of this name, those that have it as an alias, and
  /// the members of all these.
  private static List<String> resolve(
      String asked, Map<String, ResourceVersion> current, Difference.Latest latest) {
    Set<String> found = new LinkedHashSet<>();
    if (current.containsKey(asked)) {
      found.add(asked);
    }
    found.addAll(latest.aliased(current, asked));
    List<String> members = new ArrayList<>();
    found.forEach(name -> members.addAll(latest.members(current, name)));
    found.addAll(members);
    return List.copyOf(found);
  }

  private static Resource withAliases(String name, ResourceVersion version) {
    return Difference.resource(name, version).toBuilder().addAllAliases(version.aliases()).build();
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
