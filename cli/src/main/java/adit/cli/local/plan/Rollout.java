package adit.cli.local.plan;

import adit.source.object.Deployment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/// What the Deployment and ReplicaSet controllers do: bring the pods of one Deployment a step
/// nearer to what it says, with at most a quarter more pods and at most a quarter fewer ready ones
/// than wanted (one more and none fewer when there are few).
public final class Rollout {
  private static final String ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
  private static final int HASH_LENGTH = 10;
  private static final int SHARE = 4;
  private static final Comparator<PodFacts> WORST_FIRST =
      Comparator.<PodFacts, Boolean>comparing(pod -> pod.state().ready())
          .thenComparing(pod -> pod.state().creation(), Comparator.reverseOrder())
          .thenComparing(pod -> pod.id().name());

  private Rollout() {}

  /// One step.
  ///
  /// @param create how many pods of the current template to make
  /// @param delete which pods to tell to go
  public record Step(int create, List<PodFacts> delete) {
    /// Copies the list.
    public Step {
      delete = List.copyOf(delete);
    }
  }

  /// The next step.
  ///
  /// @param replicas how many pods are wanted
  /// @param hash of the current template
  /// @param pods all pods of the Deployment, also those that are going
  public static Step next(int replicas, String hash, List<PodFacts> pods) {
    List<PodFacts> live =
        pods.stream().filter(pod -> !pod.state().terminating()).sorted(WORST_FIRST).toList();
    List<PodFacts> current = live.stream().filter(pod -> pod.owner().hash().equals(hash)).toList();
    List<PodFacts> old = live.stream().filter(pod -> !pod.owner().hash().equals(hash)).toList();
    List<PodFacts> delete =
        new ArrayList<>(current.subList(0, Math.max(0, current.size() - replicas)));
    if (old.isEmpty()) {
      return new Step(Math.max(0, replicas - current.size()), delete);
    }
    int surge = Math.ceilDiv(replicas, SHARE);
    int create = Math.min(replicas - current.size(), replicas + surge - live.size());
    long spare =
        live.stream().filter(pod -> pod.state().ready()).count() - (replicas - replicas / SHARE);
    for (PodFacts pod : old) {
      if (!pod.state().ready()) {
        delete.add(pod);
      } else if (spare > 0) {
        delete.add(pod);
        spare--;
      }
    }
    return new Step(Math.max(0, create), delete);
  }

  /// A short name of a Deployment's template, the same for equal templates.
  public static String hash(Deployment deployment) {
    String text =
        String.join(
            "\n",
            new TreeMap<>(deployment.templateLabels()).toString(),
            new TreeMap<>(deployment.templateAnnotations()).toString(),
            deployment.template().serviceAccount(),
            new TreeMap<>(deployment.template().nodeSelector()).toString(),
            Long.toString(deployment.template().terminationGracePeriodSeconds()),
            deployment.template().containers().toString(),
            deployment.template().initContainers().toString());
    byte[] digest = sha256(text);
    StringBuilder hash = new StringBuilder();
    for (int i = 0; i < HASH_LENGTH; i++) {
      hash.append(ALPHABET.charAt(Byte.toUnsignedInt(digest[i]) % ALPHABET.length()));
    }
    return hash.toString();
  }

  /// A letter or digit that Kubernetes uses in generated names, for any number.
  public static char letter(int number) {
    return ALPHABET.charAt(Math.floorMod(number, ALPHABET.length()));
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
