package adit.scenarios;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// The programs as `adit run` starts them: from jars, which must hold the classes that were
/// compiled last. Maven's `test` alone leaves old ones.
final class BuiltPrograms {
  private static final String VERSION = "-1-SNAPSHOT.jar";
  private static final Path TOP =
      Stream.iterate(Path.of("").toAbsolutePath(), Path::getParent)
          .takeWhile(path -> path != null)
          .filter(path -> Files.exists(path.resolve("checkstyle.xml")))
          .findFirst()
          .orElseThrow();

  private BuiltPrograms() {}

  /// The tree that they are built from.
  static Path top() {
    return TOP;
  }

  /// The script that starts them.
  static Path script() {
    return TOP.resolve("adit");
  }

  /// Fails when a jar of ours that a module's program is started with is not what was compiled.
  static void check(String module) throws IOException {
    Path target = TOP.resolve(module).resolve("target");
    List<Path> jars = new ArrayList<>();
    for (Path directory : List.of(target, target.resolve("lib"))) {
      if (Files.isDirectory(directory)) {
        try (Stream<Path> files = Files.list(directory)) {
          files.filter(jar -> jar.toString().endsWith(VERSION)).forEach(jars::add);
        }
      }
    }
    if (jars.isEmpty()) {
      throw new IllegalStateException(target + ": no jar (expected: built; run Maven's `verify`)");
    }
    for (Path jar : jars) {
      check(jar);
    }
  }

  private static void check(Path jar) throws IOException {
    String name = jar.getFileName().toString().replace(VERSION, "");
    Path classes =
        Stream.of(name, "libs/" + name, "samples/" + name, name.replaceFirst("-", "/"))
            .map(module -> TOP.resolve(module).resolve("target/classes"))
            .filter(Files::isDirectory)
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("no module of " + jar));
    try (ZipFile zip = new ZipFile(jar.toFile());
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(BuiltPrograms::isCompiled).toList()) {
        ZipEntry entry = zip.getEntry(classes.relativize(file).toString());
        CRC32 sum = new CRC32();
        sum.update(Files.readAllBytes(file));
        if (entry == null || entry.getCrc() != sum.getValue()) {
          throw new IllegalStateException(
              jar + ": older than " + file + " (expected: built; run Maven's `verify`)");
        }
      }
    }
  }

  /// A module's description is completed when it is put into the jar.
  private static boolean isCompiled(Path file) {
    return file.toString().endsWith(".class") && !file.endsWith("module-info.class");
  }
}
