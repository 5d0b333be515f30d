package adit.source;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Reader;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/// YAML as Kubernetes reads it: every document becomes the JSON value that an API server would see.
/// Sizes, depth and aliases are bounded.
public final class YamlDocuments {
  private static final int MOST_CHARACTERS = 16 << 20;
  private static final int MOST_VALUES = 2_000_000;
  // Twenty aliases of collections keep the expansion small however they are nested.
  private static final int MOST_ALIASES = 20;
  private static final int DEEPEST = 60;
  private static final Pattern STEP = Pattern.compile("\\[([^\\]]*)\\]|[^.\\[\\]]+");
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private int values;

  private YamlDocuments() {}

  /// The documents of a file, without empty ones; items of a `List` count as documents.
  ///
  /// @throws BadYaml if it is none, or too large
  public static List<JsonNode> parse(String text) throws BadYaml {
    YamlDocuments documents = new YamlDocuments();
    List<JsonNode> result = new ArrayList<>();
    for (Node node : compose(text)) {
      result.add(documents.convert(node, 0));
    }
    return result;
  }

  /// The line of a field, or of the nearest thing around it.
  ///
  /// @param document index of the document as returned by `parse`
  /// @param field path such as `spec.rules[0].from`
  /// @return from 1; 0 if unknown
  static int line(String text, int document, String field) {
    try {
      List<Node> nodes = compose(text);
      return document < nodes.size() ? line(nodes.get(document), field) : 0;
    } catch (BadYaml e) {
      return e.line();
    }
  }

  private static int line(Node root, String field) {
    Node node = root;
    Mark mark = root.getStartMark();
    Matcher step = STEP.matcher(field);
    while (step.find()) {
      String name = step.group(1) == null ? step.group() : step.group(1);
      NodeTuple tuple = node instanceof MappingNode map ? tupleOrNull(map, name) : null;
      if (tuple != null) {
        mark = tuple.getKeyNode().getStartMark();
        node = tuple.getValueNode();
      } else if (node instanceof SequenceNode list && name.matches("[0-9]{1,6}")) {
        int index = Integer.parseInt(name);
        if (index >= list.getValue().size()) {
          break;
        }
        node = list.getValue().get(index);
        mark = node.getStartMark();
      } else {
        break;
      }
    }
    return mark.getLine() + 1;
  }

  private static @Nullable NodeTuple tupleOrNull(MappingNode map, String name) {
    for (NodeTuple tuple : map.getValue()) {
      if (tuple.getKeyNode() instanceof ScalarNode key && key.getValue().equals(name)) {
        return tuple;
      }
    }
    return null;
  }

  private static List<Node> compose(String text) throws BadYaml {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(MOST_CHARACTERS);
    options.setMaxAliasesForCollections(MOST_ALIASES);
    List<Node> result = new ArrayList<>();
    try {
      for (Node node : new Yaml(options).composeAll(Reader.of(text))) {
        if (node != null && !node.getTag().equals(Tag.NULL)) {
          addWithItems(node, result);
        }
      }
    } catch (MarkedYAMLException e) {
      Mark mark = e.getProblemMark();
      String problem = e.getProblem() == null ? "malformed" : e.getProblem();
      throw new BadYaml(mark == null ? 0 : mark.getLine() + 1, problem);
    } catch (YAMLException e) {
      throw new BadYaml(0, String.valueOf(e.getMessage()));
    }
    return result;
  }

  private static void addWithItems(Node node, List<Node> result) {
    if (node instanceof MappingNode map
        && valueOrNull(map, "kind") instanceof ScalarNode kind
        && kind.getValue().endsWith("List")
        && valueOrNull(map, "items") instanceof SequenceNode list) {
      result.addAll(list.getValue());
    } else {
      result.add(node);
    }
  }

  private static @Nullable Node valueOrNull(MappingNode map, String name) {
    NodeTuple tuple = tupleOrNull(map, name);
    return tuple == null ? null : tuple.getValueNode();
  }

  private JsonNode convert(Node node, int depth) throws BadYaml {
    if (++values > MOST_VALUES) {
      throw new BadYaml(line(node), "more than " + MOST_VALUES + " values");
    }
    // Also ends at a value that contains itself.
    if (depth > DEEPEST) {
      throw new BadYaml(line(node), "nested more than " + DEEPEST + " deep");
    }
    return switch (node) {
      case ScalarNode scalar -> scalar(scalar);
      case SequenceNode list -> {
        var array = JSON.arrayNode(list.getValue().size());
        for (Node item : list.getValue()) {
          array.add(convert(item, depth + 1));
        }
        yield array;
      }
      case MappingNode map -> mapping(map, depth);
      default -> throw new BadYaml(line(node), "unexpected " + node.getNodeId());
    };
  }

  private ObjectNode mapping(MappingNode map, int depth) throws BadYaml {
    ObjectNode object = JSON.objectNode();
    for (NodeTuple tuple : map.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        throw new BadYaml(line(tuple.getKeyNode()), "a key that is not a word");
      }
      JsonNode value = convert(tuple.getValueNode(), depth + 1);
      if (key.getTag().equals(Tag.MERGE)) {
        merge(object, value);
      } else if (object.has(key.getValue())) {
        throw new BadYaml(line(key), "key \"" + key.getValue() + "\" is there twice");
      } else {
        object.set(key.getValue(), value);
      }
    }
    return object;
  }

  private static void merge(ObjectNode object, JsonNode value) {
    for (JsonNode source : value.isArray() ? value : List.of(value)) {
      source.properties().forEach(entry -> object.putIfAbsent(entry.getKey(), entry.getValue()));
    }
  }

  private static JsonNode scalar(ScalarNode scalar) {
    String text = scalar.getValue();
    Tag tag = scalar.getTag();
    if (tag.equals(Tag.NULL)) {
      return JSON.nullNode();
    }
    if (tag.equals(Tag.BOOL)) {
      return JSON.booleanNode(
          switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "yes", "on" -> true;
            default -> false;
          });
    }
    if (tag.equals(Tag.INT)) {
      return integer(text);
    }
    if (tag.equals(Tag.FLOAT) && text.matches("[-+]?[0-9._]+([eE][-+]?[0-9]+)?")) {
      return JSON.numberNode(Double.parseDouble(text.replace("_", "")));
    }
    return JSON.textNode(text);
  }

  private static JsonNode integer(String text) {
    String digits = text.replace("_", "");
    boolean negative = digits.startsWith("-");
    digits = digits.startsWith("-") || digits.startsWith("+") ? digits.substring(1) : digits;
    int radix = 10;
    if (digits.startsWith("0x")) {
      radix = 16;
      digits = digits.substring(2);
    } else if (digits.startsWith("0b")) {
      radix = 2;
      digits = digits.substring(2);
    } else if (digits.length() > 1 && digits.startsWith("0")) {
      radix = 8;
    }
    // Base sixty (1:30) is a number in YAML 1.1 only; Kubernetes reads a string.
    if (digits.length() > 40 || !digits.matches("[0-9a-fA-F]+")) {
      return JSON.textNode(text);
    }
    BigInteger value = new BigInteger(digits, radix);
    value = negative ? value.negate() : value;
    if (value.bitLength() < 32) {
      return JSON.numberNode(value.intValue());
    }
    return value.bitLength() < 64 ? JSON.numberNode(value.longValue()) : JSON.numberNode(value);
  }

  private static int line(Node node) {
    return node.getStartMark().getLine() + 1;
  }
}
