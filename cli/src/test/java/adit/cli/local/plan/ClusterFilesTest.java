package adit.cli.local.plan;

import static org.assertj.core.api.Assertions.assertThat;

import adit.source.object.Service;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ClusterFilesTest {
  private static final Service WEB = Pods.service("web", List.of());

  private static AddressBook addresses(Service... services) {
    return AddressBook.empty(AddressBook.Ranges.standard()).with(List.of(services));
  }

  private static Map<String, String> files(PodFacts pod) {
    return ClusterFiles.of(
        new ClusterFiles.UserObjects(List.of("shop"), List.of(WEB), List.of()),
        addresses(WEB),
        List.of(
            new ClusterFiles.NodeFacts(
                "node-a", List.of(InetAddress.ofLiteral("172.30.0.1")), List.of("10.244.1.0/24"))),
        List.of(pod));
  }

  @Test
  void of_readyPod_givesPodSliceAndServiceAddress() {
    Map<String, String> files = files(Pods.pod("web-new-x2x4z", "new", true, null));
    assertThat(files)
        .containsOnlyKeys(
            "node-node-a.yaml",
            "pod-shop.web-new-x2x4z.yaml",
            "service-shop.web.patch.yaml",
            "endpointslice-shop.web.ipv4.yaml",
            "namespace-istio-system.yaml",
            "serviceaccount-ztunnel.yaml",
            "serviceaccount-istio-system.default.yaml",
            "serviceaccount-shop.default.yaml");
    assertThat(files.get("service-shop.web.patch.yaml")).contains("clusterIP: 10.96.0.10");
    assertThat(files.get("pod-shop.web-new-x2x4z.yaml"))
        .contains(
            "generateName: web-new-\n",
            "pod-template-hash: new\n",
            "kind: ReplicaSet\n    name: web-new\n",
            "adit.dev/netns: /run/netns/x\n",
            "podIP: 10.244.1.10\n",
            "type: Ready\n    status: 'True'");
    assertThat(files.get("endpointslice-shop.web.ipv4.yaml"))
        .contains("port: 8080", "ready: true", "uid: uid-of-web-new-x2x4z");
  }

  @Test
  void of_podThatGoes_isServingButNotReady() {
    PodFacts going = Pods.pod("a", "new", true, java.time.Instant.parse("2026-11-25T11:00:00Z"));
    assertThat(files(going).get("endpointslice-shop.web.ipv4.yaml"))
        .contains("ready: false\n    serving: true\n    terminating: true");
    assertThat(files(going).get("pod-shop.a.yaml"))
        .contains("deletionTimestamp: '2026-11-25T11:00:00Z'");
  }

  @Test
  void with_serviceAddressWrittenByTheUser_isKeptAndNotGivenAgain() {
    Service own = Pods.service("own", List.of("10.96.0.10"));
    AddressBook book = addresses(own, WEB);
    assertThat(book.of(own)).containsExactly(InetAddress.ofLiteral("10.96.0.10"));
    assertThat(book.of(WEB)).containsExactly(InetAddress.ofLiteral("10.96.0.11"));
    assertThat(book.with(List.of(WEB)).of(WEB)).isEqualTo(book.of(WEB));
  }

  @Test
  void routes_readyPod_translatesToItsAddressAndPort() {
    PodFacts pod = Pods.pod("a", "new", true, null);
    assertThat(Routes.of(List.of(WEB), addresses(WEB), List.of(pod)).nft())
        .contains(
            "ip daddr 10.96.0.10 tcp dport 80 dnat ip to numgen random mod 1 map { 0 : 10.244.1.10 . 8080 }");
  }

  @Test
  void routes_noReadyPod_refusesAtOnce() {
    PodFacts pod = Pods.pod("a", "new", false, null);
    assertThat(Routes.of(List.of(WEB), addresses(WEB), List.of(pod)).nft())
        .contains("ip daddr 10.96.0.10 tcp dport 80 reject with tcp reset")
        .doesNotContain("dnat");
  }

  @Test
  void hostsFile_ownNamespace_hasShortNames() {
    PodFacts pod = Pods.pod("a", "new", true, null);
    assertThat(HostsFile.of(pod, List.of(WEB), addresses(WEB), List.of(pod)))
        .contains("10.96.0.10 web.shop web.shop.svc web.shop.svc.cluster.local web\n");
  }
}
