package adit.source;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DirectorySourceTest {
  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: web, namespace: shop, uid: u1, labels: {app: %s}}
      spec: {containers: [{name: main}]}
      """;
  private static final String NAMESPACE =
      """
      apiVersion: v1
      kind: Namespace
      metadata: {name: shop}
      """;

  @TempDir Path directory;
  private final LinkedBlockingQueue<ClusterView> views = new LinkedBlockingQueue<>();
  private DirectorySource source;

  @BeforeEach
  void open() throws IOException {
    write("web.yaml", POD.formatted("web") + "---\n" + NAMESPACE);
    source = DirectorySource.open(List.of(directory, directory.resolve("later/cluster")));
    source.subscribe(views::add);
  }

  @AfterEach
  void close() {
    source.close();
  }

  @Test
  void open_readsAllDocumentsBeforeItReturns() {
    assertThat(source.complete()).isTrue();
    assertThat(web(source.current()).meta().label("app")).isEqualTo("web");
    assertThat(source.current().namespaceOrNull("shop")).isNotNull();
    assertThat(source.current().problems()).isEmpty();
  }

  @Test
  void rename_overAFile_isSeen() throws Exception {
    Path temporary = write(".web.tmp", POD.formatted("changed"));

    Files.move(temporary, directory.resolve("web.yaml"), StandardCopyOption.ATOMIC_MOVE);

    ClusterView view = await(v -> web(v).meta().label("app").equals("changed"));
    assertThat(view.namespaceOrNull("shop")).isNull();
  }

  @Test
  void brokenYaml_keepsTheLastGoodVersionAndNamesFileAndLine() throws Exception {
    write("web.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: web\n");

    ClusterView broken = await(v -> !v.problems().isEmpty());

    assertThat(web(broken).meta().label("app")).isEqualTo("web");
    assertThat(broken.problems()).hasSize(1);
    assertThat(broken.problems().getFirst().message()).contains("web.yaml:4: ", "(expected: ");
    write("web.yaml", POD.formatted("mended"));
    ClusterView mended = await(v -> v.problems().isEmpty());
    assertThat(web(mended).meta().label("app")).isEqualTo("mended");
  }

  @Test
  void wrongObject_keepsItsLastGoodVersionWhileOthersOfTheFileChange() throws Exception {
    write(
        "web.yaml",
        POD.formatted("[1]") + "---\n" + NAMESPACE.replace("shop}", "shop, labels: {a: b}}"));

    ClusterView view = await(v -> !v.problems().isEmpty());

    assertThat(web(view).meta().label("app")).isEqualTo("web");
    assertThat(requireNonNull(view.namespaceOrNull("shop")).meta().label("a")).isEqualTo("b");
    assertThat(view.problems().getFirst().message())
        .endsWith(
            "web.yaml:3: Pod shop/web: metadata.labels[app]: [1] (expected: a string, in quotes)");
  }

  @Test
  void unknownField_isRefusedAndNamed() throws Exception {
    write("policy.yaml", policy("selektor: {}"));

    ClusterView view = await(v -> !v.problems().isEmpty());

    assertThat(view.authorizationPolicies()).isEmpty();
    assertThat(view.problems().getFirst().message())
        .contains(
            "policy.yaml:4: AuthorizationPolicy shop/p: spec.selektor: {} (expected: no such");
  }

  @Test
  void patch_isMergedOnlyOntoItsOwnUid() throws Exception {
    write("a.patch.yaml", patch("u1", "enabled"));
    write("b.patch.yaml", patch("u0", "wrong"));

    ClusterView view = await(v -> !web(v).meta().annotations().isEmpty());

    assertThat(web(view).meta().annotation("x")).isEqualTo("enabled");
    Files.delete(directory.resolve("a.patch.yaml"));
    assertThat(await(v -> web(v).meta().annotations().isEmpty())).isNotNull();
  }

  @Test
  void secondDefinition_isAProblemAndTheFirstCounts() throws Exception {
    write("zzz.yaml", POD.formatted("second"));

    ClusterView view = await(v -> !v.problems().isEmpty());

    assertThat(web(view).meta().label("app")).isEqualTo("web");
    assertThat(view.problems().getFirst().message()).contains("zzz.yaml:3: ", "defined once");
  }

  @Test
  void directory_thatAppearsLater_isWatched() throws Exception {
    Path later = Files.createDirectories(directory.resolve("later/cluster"));
    Files.writeString(later.resolve("n.yml"), NAMESPACE.replace("shop", "other"));

    assertThat(await(v -> v.namespaceOrNull("other") != null).namespaceOrNull("shop")).isNotNull();
  }

  @Test
  void view_sharesWhatDidNotChange() throws Exception {
    ClusterView before = source.current();
    write("more.yaml", NAMESPACE.replace("shop", "other"));

    ClusterView after = await(v -> v.namespaceOrNull("other") != null);

    assertThat(after.pods()).isSameAs(before.pods());
    assertThat(after.namespaceOrNull("shop")).isSameAs(before.namespaceOrNull("shop"));
    assertThat(after.version()).isGreaterThan(before.version());
  }

  @Test
  void list_countsAsItsItemsAndUnreadKindsAreSaid() throws Exception {
    write(
        "list.yaml",
        """
        apiVersion: v1
        kind: List
        items:
        - {apiVersion: v1, kind: Namespace, metadata: {name: one}}
        - {apiVersion: v1, kind: Secret, metadata: {name: two}}
        """);

    ClusterView view = await(v -> v.namespaceOrNull("one") != null);

    assertThat(view.problems().getFirst().message()).contains("list.yaml:5: kind: \"Secret\"");
  }

  private static String policy(String spec) {
    return "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
        + "metadata: {name: p, namespace: shop}\nspec: {"
        + spec
        + "}\n";
  }

  private static String patch(String uid, String value) {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, uid: "
        + uid
        + ", annotations: {x: "
        + value
        + "}}\n";
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  private static Pod web(ClusterView view) {
    return (Pod) requireNonNull(view.objectOrNull(ObjectKey.of(Kind.POD, "shop", "web")));
  }

  private ClusterView await(Predicate<ClusterView> condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      ClusterView view = views.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (condition.test(requireNonNull(view, "no view that fits within 20 s"))) {
        return view;
      }
    }
  }
}
