package adit.images;

import adit.images.ImageArchive.Layer;
import adit.telemetry.WritesToStandardOutput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// `./adit images [NAME...]`: container images of all programs, or of some, as archives that
/// `docker load` and `ctr images import` take.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `ADIT_HOME` | required | the tree that was built |
/// | `ADIT_IMAGE_HUB` | `adit` | first part of the names: a registry and a path in it |
/// | `ADIT_IMAGE_TAG` | `dev` | their tag |
/// | `ADIT_IMAGE_BASE` | none | an image to build upon (`name:tag`, `tar://path`) in place of the machine's own files; it must have glibc, and for `install-cni` also `nft` and `ip` |
public final class BuildImages {
  private static final long MEGABYTE = 1_000_000;

  private final Path home;
  private final Path out;
  private final Path java;
  private final String prefix;
  private final String tag;
  private final String base;
  private final ImageArchive archives;

  private BuildImages(Map<String, String> environment) throws IOException {
    String top = environment.getOrDefault("ADIT_HOME", "");
    if (top.isEmpty()) {
      throw new IOException("ADIT_HOME: not set (expected: the tree that was built)");
    }
    home = Path.of(top).toAbsolutePath().normalize();
    out = home.resolve("target/images");
    java = Path.of(System.getProperty("java.home"));
    prefix = environment.getOrDefault("ADIT_IMAGE_HUB", "adit");
    tag = environment.getOrDefault("ADIT_IMAGE_TAG", "dev");
    base = environment.getOrDefault("ADIT_IMAGE_BASE", "");
    archives = ImageArchive.fresh(base, out.resolve("cache"));
  }

  /// Builds, and prints path, name and size of each archive.
  ///
  /// @param arguments names of images; none: all
  @WritesToStandardOutput("a command that tells what it made")
  public static void main(String[] arguments) {
    try {
      BuildImages build = new BuildImages(System.getenv());
      for (ImageContent content : chosen(Arrays.asList(arguments))) {
        System.out.println(build.image(content));
      }
    } catch (IOException e) {
      System.err.println("adit: " + e.getMessage());
      System.exit(1);
    }
    // Threads of jib's HTTP client would keep the process for a minute.
    System.exit(0);
  }

  private static List<ImageContent> chosen(List<String> names) throws IOException {
    List<String> known = ImageContent.ALL.stream().map(ImageContent::image).toList();
    for (String name : names) {
      if (!known.contains(name)) {
        throw new IOException(
            "image: " + name + " (expected: one of " + String.join(", ", known) + ")");
      }
    }
    return ImageContent.ALL.stream()
        .filter(content -> names.isEmpty() || names.contains(content.image()))
        .toList();
  }

  private String image(ImageContent content) throws IOException {
    Files.createDirectories(out);
    Path stage = out.resolve("stage").resolve(content.image());
    ProgramFiles files = new ProgramFiles(content, home, java, LinkedRuntime.HOME);
    FileTree runtime;
    if (content.extra() == ImageContent.Extra.CNI_PLUGIN) {
      runtime = FileTree.create(stage.resolve("runtime"));
      files = new ProgramFiles(content, home, java, files.plugin(runtime));
    } else {
      runtime = LinkedRuntime.link(java, out.resolve("stage/runtime"));
    }
    List<Layer> layers = layers(content, files, runtime, stage);
    String reference = prefix + "/" + content.image() + ":" + tag;
    Path archive = out.resolve(content.image() + ".tar");
    archives.write(archive, reference, content, files, layers);
    return String.format(
        Locale.ROOT,
        "%s  %s  %d MB unpacked, %d MB packed",
        archive,
        reference,
        size(layers) / MEGABYTE,
        Files.size(archive) / MEGABYTE);
  }

  private List<Layer> layers(ImageContent content, ProgramFiles files, FileTree runtime, Path stage)
      throws IOException {
    FileTree libraries = FileTree.create(stage.resolve("libraries"));
    files.libraries(libraries);
    FileTree program = FileTree.create(stage.resolve("program"));
    files.program(program);
    ClassArchive.Made archive =
        new ClassArchive(content, files, runtime).make(stage, List.of(libraries, program));
    files.start(program, archive.option());
    List<Layer> layers = new ArrayList<>();
    if (base.isEmpty()) {
      FileTree system = FileTree.create(stage.resolve("system"));
      SystemFiles.base(system, List.of(runtime, libraries));
      layers.add(new Layer("system", system));
      if (!content.tools().isEmpty()) {
        FileTree tools = FileTree.create(stage.resolve("tools"));
        SystemFiles.tools(tools, system, content.tools());
        layers.add(new Layer("tools", tools));
      }
    }
    layers.add(new Layer("runtime", runtime));
    layers.add(new Layer("libraries", libraries));
    layers.add(new Layer("program", program));
    layers.add(new Layer("archive", archive.tree()));
    return layers;
  }

  private static long size(List<Layer> layers) throws IOException {
    long size = 0;
    for (Layer layer : layers) {
      for (Path file : layer.tree().files()) {
        size += Files.size(file);
      }
    }
    return size;
  }
}
