package adit.e2e;

import adit.e2e.Entering.Images;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// The two ways into a cluster and out of it that need no program of ours.
///
/// @param entering what is the same with each of them
/// @param helm the program
record Ways(Entering entering, String helm) {
  private static final String KUBECTL = "kubectl";
  private static final String RELEASE = "istio";
  private static final String WAIT = "5m";

  List<Journey> journeys() {
    return List.of(
        new Journey("clean", false, this::clean),
        new Journey("kubectl apply", false, this::kubectlApply),
        new Journey("kubectl: label", false, entering::label),
        new Journey("kubectl delete ns", false, this::deleteNamespace),
        new Journey("helm install", false, this::helmInstall),
        new Journey("helm: label", false, this::helmLabel),
        new Journey("helm upgrade", false, this::helmUpgrade),
        new Journey("helm uninstall", false, this::helmUninstall));
  }

  private UsersCommand user() {
    return entering.user();
  }

  private Path charts() {
    return user().home().resolve("manifests/charts");
  }

  /// What a former run has left would be in the way of Helm.
  private String clean() throws Exception {
    if (user().has(helm)) {
      String _ =
          user()
              .run(helm, "uninstall", RELEASE, "-n", Cluster.MESH, "--ignore-not-found", "--wait");
    }
    String said = user().adit("uninstall", "-y", "--purge").strip();
    if (said.contains("another mesh is here")) {
      throw new JourneyFailed(said);
    }
    // One that Helm or a user has made is not Adit's to delete: it goes as its maker would do it.
    entering.cluster().deleteNamespace(Cluster.MESH);
    Cluster.await(
        "namespace " + Cluster.MESH + " is gone (" + said.replace('\n', ';') + ")",
        Entering.START,
        () -> !entering.cluster().exists(Cluster.MESH));
    entering.outside();
    return "no mesh in the cluster";
  }

  private String kubectlApply() throws Exception {
    require(KUBECTL);
    Images images = entering.images();
    for (Path definition : files(charts().resolve("base/crds"))) {
      // As `kubectl create -f`: what is there stays.
      entering.cluster().createIfAbsent(Files.readString(definition));
    }
    Path home = user().home().resolve("manifests");
    if (images.equals(new Images(Images.HUB, Images.TAG))) {
      String _ = user().run(KUBECTL, "apply", "-f", home.toString());
    } else {
      Path changed = Files.createTempFile("adit", ".yaml");
      try {
        Files.writeString(changed, images.in(Files.readString(home.resolve("adit.yaml"))));
        String _ = user().run(KUBECTL, "apply", "-f", changed.toString());
      } finally {
        Files.delete(changed);
      }
    }
    return entering.installed();
  }

  private String deleteNamespace() throws Exception {
    require(KUBECTL);
    return entering.left(() -> {
      String _ = user().run(KUBECTL, "delete", "namespace", Cluster.MESH);
    });
  }

  private String helmInstall() throws Exception {
    require(helm);
    // Roles of the whole cluster outlive a namespace, and Helm takes over none of another's.
    var _ = clean();
    String _ = helm("install", charts(), "--create-namespace");
    return entering.installed();
  }

  private String helmLabel() throws Exception {
    require(helm);
    return entering.label();
  }

  /// To charts of a later version, whose pods are others.
  private String helmUpgrade() throws Exception {
    require(helm);
    Path later = Files.createTempDirectory("adit-charts");
    try {
      copyAsVersion("0.1.1", later);
      String counts =
          UnderLoad.all(entering.cluster())
              .during(() -> {
                String _ =
                    helm(
                        "upgrade",
                        later,
                        "--set=istiod.podAnnotations.e2e=later",
                        "--set=cni.podAnnotations.e2e=later",
                        "--set=ztunnel.podAnnotations.e2e=later");
                entering.cluster().awaitMesh(Entering.START);
              });
      String list = user().run(helm, "list", "-n", Cluster.MESH, "--short=false");
      if (!list.contains("ambient-0.1.1")) {
        throw new JourneyFailed("helm list has no ambient-0.1.1: " + list);
      }
      return "to charts 0.1.1, all pods replaced: " + counts;
    } finally {
      delete(later);
    }
  }

  private String helmUninstall() throws Exception {
    require(helm);
    return entering.left(() -> {
      String _ = user().run(helm, "uninstall", RELEASE, "-n", Cluster.MESH, "--wait");
    });
  }

  private String helm(String verb, Path charts, String... more) throws Exception {
    Images images = entering.images();
    List<String> words =
        new ArrayList<>(
            List.of(
                helm,
                verb,
                RELEASE,
                charts.resolve("ambient").toString(),
                "--namespace",
                Cluster.MESH,
                "--wait",
                "--timeout",
                WAIT,
                "--set=global.hub=" + images.hub(),
                "--set=global.tag=" + images.tag()));
    words.addAll(List.of(more));
    return user().run(words.toArray(String[]::new));
  }

  private void require(String program) throws Exception {
    if (!user().has(program)) {
      throw new JourneySkipped(
          String.format(
              Locale.ROOT,
              "no %s%s",
              program,
              program.equals(helm) ? " on PATH or in ADIT_HELM" : " on PATH"));
    }
  }

  private void copyAsVersion(String version, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(charts())) {
      for (Path path : all.sorted().toList()) {
        Path target = to.resolve(charts().relativize(path).toString());
        if (Files.isSymbolicLink(path)) {
          Files.createSymbolicLink(target, Files.readSymbolicLink(path));
        } else if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else if (path.endsWith("Chart.yaml")) {
          Files.writeString(
              target, Files.readString(path).replace("version: 0.1.0", "version: " + version));
        } else {
          Files.copy(path, target);
        }
      }
    }
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  private static void delete(Path tree) throws IOException {
    try (Stream<Path> all = Files.walk(tree)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
