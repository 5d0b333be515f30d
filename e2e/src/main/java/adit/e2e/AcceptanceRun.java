package adit.e2e;

import adit.source.KubernetesClients;
import adit.telemetry.WritesToStandardOutput;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionException;

/// `./adit e2e [--quick]`: the journeys of users on the cluster of `KUBECONFIG`, one line each.
///
/// | variable | meaning |
/// |---|---|
/// | `KUBECONFIG` | the cluster; without it all journeys are skipped, and counted |
/// | `ADIT_LOAD_IMAGE` | a command that brings an archive of an image to the cluster's nodes; without it the images must be there |
/// | `ADIT_IMAGE_TAG` | tag of the images; `dev` |
public final class AcceptanceRun {
  private static final int QUICK_LOAD_SECONDS = 40;
  private static final int LOAD_SECONDS = 75;

  private AcceptanceRun() {}

  /// Runs, and ends with 0 when no journey has failed.
  ///
  /// @param arguments `--quick`, and names of journeys when not all are wanted
  public static void main(String[] arguments) throws Exception {
    List<String> words = new ArrayList<>(Arrays.asList(arguments));
    boolean quick = words.remove("--quick");
    Map<String, String> environment = System.getenv();
    try (KubernetesClient client = KubernetesClients.open()) {
      List<Journey> journeys = journeys(new Cluster(client), environment, quick);
      System.exit(run(journeys, words, environment, quick) ? 0 : 1);
    }
  }

  private static List<Journey> journeys(
      Cluster cluster, Map<String, String> environment, boolean quick) {
    Path home = Path.of(environment.getOrDefault("ADIT_HOME", ""));
    UsersCommand user = new UsersCommand(home);
    Entering entering =
        new Entering(cluster, user, environment.getOrDefault("ADIT_IMAGE_TAG", "dev"));
    List<Journey> journeys = new ArrayList<>();
    String load = environment.getOrDefault("ADIT_LOAD_IMAGE", "");
    if (!load.isEmpty()) {
      journeys.add(new Journey("load images", true, () -> load(user, load)));
    }
    journeys.addAll(entering.journeys());
    journeys.addAll(new Policies(cluster).journeys());
    journeys.addAll(new Changes(cluster, quick ? QUICK_LOAD_SECONDS : LOAD_SECONDS).journeys());
    journeys.addAll(entering.leaving());
    return journeys;
  }

  private static String load(UsersCommand user, String command) throws Exception {
    List<String> images = List.of("pilot", "ztunnel", "install-cni", "bookshop");
    for (String image : images) {
      String archive = user.home().resolve("target/images/" + image + ".tar").toString();
      String _ = user.shell(command, archive);
    }
    return String.join(", ", images);
  }

  @WritesToStandardOutput("a command that tells how it went")
  private static boolean run(
      List<Journey> journeys, List<String> names, Map<String, String> environment, boolean quick) {
    int failed = 0;
    int done = 0;
    int skipped = 0;
    boolean cluster = !environment.getOrDefault("KUBECONFIG", "").isEmpty();
    for (Journey journey : journeys) {
      boolean wanted = names.isEmpty() ? !quick || journey.quick() : names.contains(journey.name());
      if (!cluster || !wanted) {
        skipped++;
        continue;
      }
      long start = System.nanoTime();
      Outcome outcome = walk(journey);
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      System.out.printf(
          Locale.ROOT,
          "%-6s %-26s %5.1f s  %s%n",
          outcome.good() ? "ok" : "FAILED",
          journey.name(),
          took.toMillis() / 1e3,
          outcome.text());
      done += outcome.good() ? 1 : 0;
      failed += outcome.good() ? 0 : 1;
    }
    if (!cluster) {
      System.out.println("KUBECONFIG names no cluster");
    }
    System.out.printf(Locale.ROOT, "%d passed, %d failed, %d skipped%n", done, failed, skipped);
    return failed == 0;
  }

  private record Outcome(boolean good, String text) {}

  private static Outcome walk(Journey journey) {
    try {
      return new Outcome(true, journey.steps().walk());
    } catch (CompletionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      return new Outcome(false, text(cause));
    } catch (Exception e) {
      return new Outcome(false, text(e));
    }
  }

  private static String text(Throwable failure) {
    return failure instanceof JourneyFailed
        ? String.valueOf(failure.getMessage())
        : failure.toString();
  }
}
