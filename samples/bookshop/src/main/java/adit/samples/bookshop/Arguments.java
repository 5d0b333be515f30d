package adit.samples.bookshop;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Words of the client's command line: a verb, a target, `--name value` pairs.
record Arguments(String target, Map<String, String> options) {
  static Arguments of(List<String> words) {
    if (words.size() < 2 || words.size() % 2 != 0) {
      throw new IllegalArgumentException(
          "arguments: " + words + " (expected: verb, target, then --name value pairs)");
    }
    Map<String, String> options = new HashMap<>();
    for (int i = 2; i < words.size(); i += 2) {
      String name = words.get(i);
      if (!name.startsWith("--")) {
        throw new IllegalArgumentException("argument: " + name + " (expected: --name)");
      }
      options.put(name.substring(2), words.get(i + 1));
    }
    return new Arguments(words.get(1), Map.copyOf(options));
  }

  String text(String name, String otherwise) {
    return options.getOrDefault(name, otherwise);
  }

  int number(String name, int otherwise) {
    String text = options.get(name);
    return text == null ? otherwise : Integer.parseInt(text);
  }
}
