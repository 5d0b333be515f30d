package adit.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.source.object.ObjectReader;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class YamlDocumentsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a: yes | {\"a\":true}",
        "a: off | {\"a\":false}",
        "a: 0x10 | {\"a\":16}",
        "a: 010 | {\"a\":8}",
        "a: 1_000 | {\"a\":1000}",
        "a: 1:30 | {\"a\":\"1:30\"}",
        "a: 1.5 | {\"a\":1.5}",
        "a: '1' | {\"a\":\"1\"}",
        "a: 2026-01-01T00:00:00Z | {\"a\":\"2026-01-01T00:00:00Z\"}",
        "a: ~ | {\"a\":null}",
        "1: x | {\"1\":\"x\"}",
        "'{b: &x {c: 1}, d: {<<: *x, e: 2}}' | {\"b\":{\"c\":1},\"d\":{\"c\":1,\"e\":2}}"
      })
  void scalar_isReadAsKubernetesReadsIt(String yaml, String json) throws BadYaml {
    assertThat(YamlDocuments.parse(yaml.replaceAll("^'\\{(.*)}'$", "{$1}")))
        .hasToString("[" + json + "]");
  }

  @Test
  void duplicateKey_isRefusedWithItsLine() {
    assertThatThrownBy(() -> YamlDocuments.parse("a: 1\na: 2\n"))
        .isInstanceOfSatisfying(BadYaml.class, e -> assertThat(e.line()).isEqualTo(2))
        .hasMessageContaining("\"a\" is there twice");
  }

  @Test
  void aliases_thatWouldExplode_areRefused() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x]\n");
    for (int i = 1; i < 9; i++) {
      String alias = "*a" + (i - 1) + ", ";
      bomb.append("a%d: &a%d [%s x]\n".formatted(i, i, alias.repeat(9)));
    }

    assertThatThrownBy(() -> YamlDocuments.parse(bomb.toString())).isInstanceOf(BadYaml.class);
  }

  @Test
  void recursion_isRefused() {
    assertThatThrownBy(() -> YamlDocuments.parse("a: &a [*a]")).isInstanceOf(BadYaml.class);
  }

  @Test
  void line_isThatOfTheNearestThing() {
    String text = "a: 1\n---\nspec:\n  rules:\n  - x: 1\n  - from: 2\n";

    assertThat(YamlDocuments.line(text, 1, "spec.rules[1].from")).isEqualTo(6);
    assertThat(YamlDocuments.line(text, 1, "spec.rules[1].missing")).isEqualTo(6);
    assertThat(YamlDocuments.line(text, 1, "spec.rules[9]")).isEqualTo(4);
    assertThat(YamlDocuments.line(text, 7, "spec")).isZero();
  }

  @FuzzTest(maxDuration = "5s")
  void anyText_isReadOrRefused(@NotNull String text) {
    try {
      for (JsonNode document : YamlDocuments.parse(text)) {
        assertThat(new ObjectReader(ObjectReader.Origin.FILE).read(document)).isNotNull();
      }
    } catch (BadYaml e) {
      assertThat(e.line()).isNotNegative();
    }
  }
}
