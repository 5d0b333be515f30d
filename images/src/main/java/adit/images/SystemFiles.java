package adit.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The files of an operating system that a program needs, taken from the machine that builds: the
/// dynamic loader, the C library, and what tools and native libraries are linked with. So images
/// are built without a registry or a mirror, and run with the library that the tests ran with.
/// There is no shell and no package manager in them; where Debian's package manager is on the
/// machine, its records of the packages come along, because scanners for vulnerabilities read them.
final class SystemFiles {
  private static final Pattern LINKED =
      Pattern.compile(
          "^\\s*(?:(\\S+) => )?(/\\S+|not found)(?: \\(0x[0-9a-f]+\\))?$", Pattern.MULTILINE);

  /// Opened by name, so that no program says that it needs them.
  private static final List<String> OPENED = List.of("libgcc_s.so.1", "libresolv.so.2");

  private final FileTree tree;
  private final Path loader;
  private final Set<String> sources = new TreeSet<>();

  private SystemFiles(FileTree tree, Path loader) {
    this.tree = tree;
    this.loader = loader;
  }

  /// The base: users, name service, loader, C library, and what the files of other trees are linked
  /// with.
  ///
  /// @param linked trees with programs and libraries
  static void base(FileTree tree, List<FileTree> linked) throws IOException {
    tree.write(
        "/etc/passwd",
        """
        root:x:0:0:root:/:/sbin/nologin
        istio-proxy:x:1337:1337:mesh:/:/sbin/nologin
        nobody:x:65534:65534:nobody:/:/sbin/nologin
        """);
    tree.write("/etc/group", "root:x:0:\nistio-proxy:x:1337:\nnogroup:x:65534:\n");
    tree.write("/etc/nsswitch.conf", "hosts: files dns\n");
    tree.directory("/tmp");
    SystemFiles files = new SystemFiles(tree, tree.root());
    for (FileTree other : linked) {
      SystemFiles of = new SystemFiles(tree, other.root());
      for (Path file : other.files()) {
        if (isElf(file)) {
          of.addLibrariesOf(file);
        }
      }
      files.sources.addAll(of.sources);
    }
    for (String name : OPENED) {
      files.addOpened(name);
    }
    files.recordPackages();
  }

  /// Programs of the machine, with what they are linked with.
  static void tools(FileTree tree, FileTree base, List<String> names) throws IOException {
    SystemFiles files = new SystemFiles(tree, tree.root());
    for (String name : names) {
      Path program = find(name);
      tree.copy(program.toRealPath(), program.toString());
      files.sources.add(program.toString());
      files.addLibrariesOf(program);
    }
    // What the base has is not needed twice.
    for (Path file : tree.files()) {
      Path below = tree.root().relativize(file);
      if (Files.exists(base.root().resolve(below))) {
        Files.delete(file);
      }
    }
    files.recordPackages();
  }

  private static Path find(String name) throws IOException {
    for (String directory : List.of("/usr/sbin", "/usr/bin", "/sbin", "/bin")) {
      Path program = Path.of(directory, name);
      if (Files.isExecutable(program)) {
        return program;
      }
    }
    throw new IOException(
        name + ": not on this machine (expected: a program in /usr/sbin or /usr/bin)");
  }

  private void addLibrariesOf(Path file) throws IOException {
    Matcher lines = LINKED.matcher(Command.run(List.of("ldd", file.toString())));
    while (lines.find()) {
      String path = lines.group(2);
      if (path.equals("not found")) {
        // A library of the runtime that its sibling has loaded before.
        if (!isInside(lines.group(1))) {
          throw new IOException(
              file + ": needs " + lines.group(1) + " (expected: on this machine)");
        }
      } else if (!Path.of(path).startsWith(loader)) {
        add(path);
      }
    }
  }

  private boolean isInside(String name) throws IOException {
    return new FileTree(loader)
        .files().stream().anyMatch(each -> String.valueOf(each.getFileName()).equals(name));
  }

  private void addOpened(String name) throws IOException {
    Set<Path> directories = new LinkedHashSet<>();
    for (String source : sources) {
      directories.add(Path.of(source).resolveSibling(name));
    }
    for (Path candidate : directories) {
      if (Files.exists(candidate)) {
        add(candidate.toString());
        return;
      }
    }
  }

  private void add(String path) throws IOException {
    if (sources.add(path)) {
      tree.copy(Path.of(path).toRealPath(), path);
    }
  }

  private static boolean isElf(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      byte[] magic = in.readNBytes(4);
      return magic.length == 4
          && magic[0] == 0x7f
          && magic[1] == 'E'
          && magic[2] == 'L'
          && magic[3] == 'F';
    }
  }

  /// One file for each package, as in images without a package manager.
  private void recordPackages() throws IOException {
    if (!Files.isExecutable(Path.of("/usr/bin/dpkg-query"))) {
      return;
    }
    Set<String> packages = new TreeSet<>();
    for (String source : sources) {
      packages.addAll(ownersOf(source));
    }
    for (String name : packages) {
      String record = Command.run(List.of("dpkg-query", "--status", name));
      tree.write("/var/lib/dpkg/status.d/" + name.replaceAll(":.*", ""), record);
    }
  }

  private static Set<String> ownersOf(String path) throws IOException {
    Set<String> owners = new TreeSet<>();
    // A package may know a file by its name before `/bin` and `/lib` moved below `/usr`.
    for (String candidate :
        List.of(
            path,
            Path.of(path).toRealPath().toString(),
            "/usr" + path,
            path.replaceFirst("^/usr", ""))) {
      if (owners.isEmpty() && Files.exists(Path.of(candidate))) {
        owners.addAll(search(candidate));
      }
    }
    return owners;
  }

  private static Set<String> search(String path) {
    Set<String> owners = new TreeSet<>();
    try {
      for (String line : Command.run(List.of("dpkg-query", "--search", path)).split("\n", -1)) {
        int end = line.indexOf(": /");
        if (end > 0) {
          owners.add(line.substring(0, end));
        }
      }
    } catch (IOException e) {
      // Not from a package under this name; another name of the same file may be.
      return Set.of();
    }
    return owners;
  }
}
