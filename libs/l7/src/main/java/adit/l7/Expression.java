package adit.l7;

import adit.model.InvalidResource;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// An expression of CEL about a request that is over. Immutable, for many threads. Source: the
/// attributes of Envoy.
///
/// Of the macros there is `has` alone: without loops the cost is linear in the text.
public final class Expression {
  private static final int MAX_LENGTH = 2048;
  private static final Map<String, Set<String>> KNOWN =
      Map.of(
          "request",
          Set.of(
              "path url_path query host scheme method protocol headers referer useragent id size"
                  .split(" ")),
          "response",
          Set.of("code code_details flags grpc_status headers trailers size".split(" ")),
          "source",
          Set.of("address port principal workload namespace".split(" ")),
          "destination",
          Set.of("address port principal workload namespace".split(" ")),
          "upstream",
          Set.of("address port transport_failure_reason request_attempt_count".split(" ")),
          "connection",
          Set.of("mtls"),
          "xds",
          Set.of("route_name", "cluster_name"));
  private static final Pattern QUOTED = Pattern.compile("'[^']*'|\"[^\"]*\"");
  private static final Pattern ATTRIBUTE =
      Pattern.compile("\\b(" + String.join("|", KNOWN.keySet()) + ")\\.(\\w+)");

  private final String text;
  private final CelRuntime.Program program;

  private Expression(String text, CelRuntime.Program program) {
    this.text = text;
    this.program = program;
  }

  /// What is known of a request, by the first word of an attribute, such as `request` or
  /// `response`.
  public interface Facts {
    /// Attributes below a word, by their next word; empty if there are none.
    Map<String, ?> of(String word);
  }

  /// Loaded when the first expression comes: most waypoints have none.
  private static final class Language {
    static final CelCompiler COMPILER = compiler();
    static final CelRuntime RUNTIME = CelRuntimeFactory.legacyCelRuntimeBuilder().build();

    private Language() {}

    private static CelCompiler compiler() {
      var builder =
          CelCompilerFactory.standardCelCompilerBuilder()
              .setOptions(
                  CelOptions.current()
                      .maxExpressionCodePointSize(MAX_LENGTH)
                      .maxParseRecursionDepth(32)
                      .build())
              .setStandardMacros(CelStandardMacro.HAS);
      for (String word : KNOWN.keySet()) {
        builder.addVar(word, MapType.create(SimpleType.STRING, SimpleType.DYN));
      }
      return builder.build();
    }
  }

  static Expression compile(String resource, String field, String text) throws InvalidResource {
    if (text.length() > MAX_LENGTH) {
      throw new InvalidResource(
          resource, field, text.length() + " characters", "at most " + MAX_LENGTH);
    }
    Matcher attribute = ATTRIBUTE.matcher(QUOTED.matcher(text).replaceAll("''"));
    while (attribute.find()) {
      Set<String> known = KNOWN.getOrDefault(attribute.group(1), Set.of());
      if (!known.contains(attribute.group(2))) {
        throw new InvalidResource(
            resource,
            field,
            attribute.group(),
            "of " + attribute.group(1) + " one of " + String.join(", ", new TreeSet<>(known)));
      }
    }
    try {
      return new Expression(
          text, Language.RUNTIME.createProgram(Language.COMPILER.compile(text).getAst()));
    } catch (CelValidationException | CelEvaluationException | RuntimeException e) {
      throw new InvalidResource(
          resource, field, text, "an expression of CEL: " + firstLine(e.getMessage()));
    }
  }

  private static String firstLine(@Nullable String message) {
    return message == null ? "" : message.lines().findFirst().orElse("");
  }

  /// Whether it holds. What cannot be said of the request does not.
  public boolean holds(Facts facts) {
    return valueOrNull(facts) instanceof Boolean yes && yes;
  }

  /// Its value, or null: it asks for what the request does not have.
  public @Nullable Object valueOrNull(Facts facts) {
    try {
      return program.eval(name -> Optional.of(facts.of(name)));
    } catch (CelEvaluationException | RuntimeException _) {
      return null;
    }
  }

  /// As its author wrote it.
  @Override
  public String toString() {
    return text;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Expression that && that.text.equals(text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }
}
