package adit.cni.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "\"\"",
        "null",
        "true",
        "-0.5e+10",
        "123456789012345678901234567890",
        "{\"b\":1,\"a\":[null,false,{\"c\":\"\\\"\\\\\"}]}",
        "\"\\u0000\\ud800\"",
        "\"héé\\ud83dA😀\""
      })
  void write_afterRead_givesTheSameText(String text) {
    assertThat(JsonWriter.write(JsonReader.read(text))).isEqualTo(text);
  }

  @Test
  void read_escapes_areDecoded() {
    assertThat(JsonReader.read(" \"\\/\\b\\f\\n\\r\\t\\u0041\\uD83D\\uDE00\" "))
        .isEqualTo(new Json.Str("/\b\f\n\r\tA😀"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "01",
        "-",
        "1.",
        "1e",
        ".5",
        "+1",
        "NaN",
        "tru",
        "\"",
        "\"\n\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u１234\"",
        "[] []",
        "{\"a\":1,\"a\":2}",
        "'a'",
        "/**/1",
        "\u00a01"
      })
  void read_notJson_saysWhereAndWhat(String text) {
    assertThatThrownBy(() -> JsonReader.read(text))
        .isInstanceOf(JsonException.class)
        .hasMessageContaining("expected:");
  }

  @Test
  void read_deeperThanTheBound_isRefused() {
    String deep = "[".repeat(1_000_000);

    assertThatThrownBy(() -> JsonReader.read(deep))
        .isInstanceOf(JsonException.class)
        .hasMessageContaining("depth");
  }

  @Test
  void read_moreValuesThanTheBound_isRefused() {
    String wide = "[" + "1,".repeat(JsonReader.MAX_VALUES) + "1]";

    assertThatThrownBy(() -> JsonReader.read(wide))
        .isInstanceOf(JsonException.class)
        .hasMessageContaining("values");
  }

  @Test
  void read_bytesThatAreNotUtf8_areRefused() {
    assertThatThrownBy(() -> JsonReader.read(new byte[] {'"', (byte) 0xff, '"'}))
        .isInstanceOf(JsonException.class)
        .hasMessageContaining("UTF-8");
  }

  @Test
  void member_ofAnotherType_isNamed() {
    Json.Obj object = new Json.Obj(Map.of("name", new Json.Num("1")));

    assertThatThrownBy(() -> object.text("name")).hasMessage("name: 1 (expected: a string)");
    assertThatThrownBy(() -> object.array("name")).hasMessage("name: 1 (expected: an array)");
    assertThatThrownBy(() -> object.object("name")).hasMessage("name: 1 (expected: an object)");
    assertThatThrownBy(() -> object.flag("name", true))
        .hasMessage("name: 1 (expected: true or false)");
  }

  @FuzzTest(maxDuration = "5s")
  void read_anyBytes_eitherRefusesOrRoundTrips(byte[] bytes) {
    Json value;
    try {
      value = JsonReader.read(bytes);
    } catch (JsonException e) {
      assertThat(e.getMessage()).contains("expected:");
      return;
    }
    String text = JsonWriter.write(value);
    assertThat(JsonReader.read(text)).isEqualTo(value);
    assertThat(JsonReader.read(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(value);
  }

  @FuzzTest(maxDuration = "5s")
  void of_anyDocument_isARequestOrRefused(byte[] bytes) {
    try {
      AgentRequest request = AgentRequest.of(JsonReader.read(bytes));
      assertThat(AgentRequest.of(JsonReader.read(JsonWriter.write(request.toJson()))))
          .isEqualTo(request);
    } catch (JsonException e) {
      assertThat(e.getMessage()).contains("expected:");
    }
  }
}
