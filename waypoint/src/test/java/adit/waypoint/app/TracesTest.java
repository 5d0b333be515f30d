package adit.waypoint.app;

import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.l7.Target;
import adit.protos.l7.TelemetryPolicy;
import adit.protos.l7.TelemetryPolicy.CustomTag;
import adit.protos.l7.TelemetryPolicy.HeaderTag;
import adit.protos.l7.TelemetryPolicy.Tracing;
import adit.protos.l7.WaypointConfig;
import adit.protos.l7.WaypointConfig.TraceExport;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import adit.xds.TypeUrls;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.collector.trace.v1.TraceServiceGrpc.TraceServiceImplBase;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Traces of the program, told to a collector in the mesh.
final class TracesTest {
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String PARENT = "00f067aa0ba902b7";

  private final BlockingQueue<ResourceSpans> told = new LinkedBlockingQueue<>();
  private LoopMesh mesh;
  private TextBackend backend;
  private Server collector;

  /// Keeps what it is told.
  private final class Collector extends TraceServiceImplBase {
    @Override
    public void export(
        ExportTraceServiceRequest request, StreamObserver<ExportTraceServiceResponse> answer) {
      told.addAll(request.getResourceSpansList());
      answer.onNext(ExportTraceServiceResponse.getDefaultInstance());
      answer.onCompleted();
    }
  }

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    backend = TextBackend.start("127.0.0.2", "a");
    collector =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.2", 0))
            .addService(new Collector())
            .build()
            .start();
    Service.Builder a = LoopMesh.service("a", 80, backend.port(), "10.96.0.1");
    a.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP11);
    mesh.publish(a, "127.0.0.2");
    mesh.publish(
        LoopMesh.service("collector", 4317, collector.getPort(), "10.96.0.2"), "127.0.0.2");
  }

  @AfterEach
  void close() throws Exception {
    mesh.close();
    backend.close();
    collector.shutdownNow();
  }

  private void trace(double percent) {
    mesh.put(
        TypeUrls.WAYPOINT_CONFIG,
        "shop/waypoint",
        WaypointConfig.newBuilder()
            .setNamespace("shop")
            .setName("waypoint")
            .setRootNamespace("istio-system")
            .setTrustDomain("cluster.local")
            .setSamplingPercent(percent)
            .putTraceProviders(
                "otel",
                TraceExport.newBuilder()
                    .setService("shop/collector.shop.svc.cluster.local")
                    .setPort(4317)
                    .build())
            .addDefaultTraceProviders("otel")
            .build());
  }

  private void telemetry(Tracing.Builder tracing) {
    mesh.put(
        TypeUrls.TELEMETRY_POLICY,
        "shop/t",
        TelemetryPolicy.newBuilder()
            .setNamespace("shop")
            .setName("t")
            .addTargets(Target.newBuilder().setService("shop/a.shop.svc.cluster.local"))
            .setTracing(tracing)
            .build());
  }

  private String get(String path, String... headers) throws Exception {
    StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: a\r\n");
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    request.append("Connection: close\r\n\r\n");
    return mesh.connect("10.96.0.1:80").send(request.toString()).awaitEnd();
  }

  private ResourceSpans awaitSpans() throws InterruptedException {
    return Objects.requireNonNull(told.poll(20, TimeUnit.SECONDS), "no spans");
  }

  private Span awaitSpan() throws InterruptedException {
    return awaitSpans().getScopeSpans(0).getSpans(0);
  }

  private static Map<String, String> tags(Span span) {
    return span.getAttributesList().stream()
        .collect(Collectors.toMap(one -> one.getKey(), one -> one.getValue().getStringValue()));
  }

  private static String hex(com.google.protobuf.ByteString bytes) {
    return HexFormat.of().formatHex(bytes.toByteArray());
  }

  private static String header(String answer, String name) {
    Matcher found = Pattern.compile("(?im)^" + name + ": (\\S+)").matcher(answer);
    return found.find() ? found.group(1) : "";
  }

  @Test
  void request_isTold_withWhoAskedWhom() throws Exception {
    trace(100);
    telemetry(
        Tracing.newBuilder()
            .putCustomTags("env", CustomTag.newBuilder().setLiteral("prod").build())
            .putCustomTags(
                "tenant",
                CustomTag.newBuilder()
                    .setHeader(HeaderTag.newBuilder().setName("X-Tenant").setFallback("nobody"))
                    .build()));

    String answer = get("/x?y=z", "X-Tenant: acme", "X-Request-Id: 7");

    ResourceSpans spans = awaitSpans();
    assertThat(spans.getResource().toString()).contains("service.name").contains("waypoint");
    Span span = spans.getScopeSpans(0).getSpans(0);
    assertThat(span.getName()).isEqualTo("a.shop.svc.cluster.local:80/*");
    assertThat(span.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_SERVER);
    assertThat(span.getParentSpanId()).isEmpty();
    assertThat(span.getEndTimeUnixNano()).isGreaterThan(span.getStartTimeUnixNano());
    assertThat(tags(span))
        .containsEntry("http.method", "GET")
        .containsEntry("http.url", "http://a/x?y=z")
        .containsEntry("http.status_code", "200")
        .containsEntry("guid:x-request-id", "7")
        .containsEntry("istio.source_principal", "spiffe://cluster.local/ns/shop/sa/client")
        .containsEntry("istio.destination_namespace", "shop")
        .containsEntry("istio.destination_principal", "spiffe://cluster.local/ns/shop/sa/backend")
        .containsEntry("env", "prod")
        .containsEntry("tenant", "acme");
    assertThat(header(answer, "traceparent"))
        .isEqualTo("00-" + hex(span.getTraceId()) + "-" + hex(span.getSpanId()) + "-01");
    assertThat(mesh.connects.stream().filter(to -> to.endsWith(":" + collector.getPort())))
        .as("through HBONE")
        .isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "traceparent: 00-TRACE-PARENT-01 | traceparent | 00-TRACE-SPAN-01",
        "b3: TRACE-PARENT-1 | b3 | TRACE-SPAN-1",
        "b3: TRACE-PARENT-d | traceparent | 00-TRACE-SPAN-01",
        "X-B3-TraceId: TRACE,X-B3-SpanId: PARENT,X-B3-Sampled: 1 | x-b3-spanid | SPAN",
        "X-B3-TraceId: TRACE,X-B3-SpanId: PARENT,X-B3-Sampled: 1 | x-b3-parentspanid | PARENT",
      })
  void decisionOfTheParent_toSample_isHonoured(String came, String name, String goes)
      throws Exception {
    trace(0);

    String answer = get("/", came.replace("TRACE", TRACE).replace("PARENT", PARENT).split(","));

    Span span = awaitSpan();
    assertThat(hex(span.getTraceId())).isEqualTo(TRACE);
    assertThat(hex(span.getParentSpanId())).isEqualTo(PARENT);
    assertThat(header(answer, name))
        .isEqualTo(
            goes.replace("TRACE", TRACE)
                .replace("PARENT", PARENT)
                .replace("SPAN", hex(span.getSpanId())));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "traceparent: 00-TRACE-PARENT-00 | 00-TRACE-PARENT-00",
        "b3: 0 | ",
        "b3: TRACE-PARENT-0 | ",
        "X-B3-Sampled: 0 | ",
      })
  void decisionOfTheParent_notToSample_isHonoured(String came, @Nullable String goes)
      throws Exception {
    trace(100);

    String answer = get("/not", came.replace("TRACE", TRACE).replace("PARENT", PARENT));
    var _ = get("/asked");

    assertThat(tags(awaitSpan())).containsEntry("http.url", "http://a/asked");
    if (goes != null) {
      assertThat(header(answer, "traceparent"))
          .isEqualTo(goes.replace("TRACE", TRACE).replace("PARENT", PARENT));
    } else {
      assertThat(header(answer, "traceparent")).doesNotEndWith("-01");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "traceparent: ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01",
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
    "traceparent: x",
    "b3: x-y-z",
  })
  void parent_thatIsMalformed_isNone(String header) throws Exception {
    trace(100);

    String answer = get("/", header);

    Span span = awaitSpan();
    assertThat(span.getParentSpanId()).isEmpty();
    assertThat(header(answer, "traceparent")).contains(hex(span.getTraceId()));
  }

  @Test
  void telemetryOfTheService_decidesHowManyAreTold() throws Exception {
    trace(0);
    assertThat(header(get("/1"), "traceparent")).endsWith("-00");

    telemetry(Tracing.newBuilder().setSamplingPercent(100).setIstioTags(false));
    var _ = get("/2");
    Span span = awaitSpan();
    assertThat(tags(span)).containsEntry("http.url", "http://a/2");
    assertThat(tags(span).keySet()).noneMatch(name -> name.startsWith("istio."));

    telemetry(Tracing.newBuilder().setSamplingPercent(100).setDisabled(true));
    assertThat(header(get("/3"), "traceparent")).endsWith("-01");
    telemetry(Tracing.newBuilder().setSamplingPercent(100));
    var _ = get("/4");
    assertThat(tags(awaitSpan())).containsEntry("http.url", "http://a/4");
  }

  @Test
  void collector_thatIsAway_costsNoRequestAnything_andIsCounted() throws Exception {
    trace(100);
    mesh.removeEndpoints("collector");

    for (int i = 0; i < 3; i++) {
      assertThat(get("/")).startsWith("HTTP/1.1 200 ");
    }
    mesh.awaitMetric("adit_spans_total{result=\"failed\"}");
    assertThat(new String(mesh.waypoint.metrics().text(), StandardCharsets.UTF_8))
        .doesNotContain("result=\"sent\"");
  }

  @Test
  void withoutAProvider_headersOfTracesPassAsTheyCame() throws Exception {
    String answer = get("/", "traceparent: 00-" + TRACE + "-" + PARENT + "-01", "b3: 0");

    assertThat(header(answer, "traceparent")).isEqualTo("00-" + TRACE + "-" + PARENT + "-01");
    assertThat(header(answer, "b3")).isEqualTo("0");
    assertThat(header(get("/"), "traceparent")).isEmpty();
  }
}
