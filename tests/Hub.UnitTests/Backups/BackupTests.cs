using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Backups;
using Tunnel.Hub.Cli;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.UnitTests.Backups;

public sealed class BackupTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_backup_brings_back_all_files_and_removes_what_it_does_not_have()
    {
        using TemporaryDirectory from = new(), to = new();
        await FillAsync(from, "old");
        File.WriteAllText(from.File("running"), "2026");
        File.WriteAllText(from.File("lock"), "process 1");
        await FillAsync(to, "other");
        File.WriteAllText(to.File("blocks.json"), "{}");

        var content = Backup.Write(Backup.Make(from.Path, new StateFiles(), Now));
        Restore.Run(Backup.Read(content, "backup"), to.Path, new StateFiles());

        Assert.Equal(
            ["admin-key", "edges.json", "hub-certificate-next.pem", "hub-certificate.pem"], Names(to).Order(StringComparer.Ordinal));
        foreach (var name in Names(to))
        {
            Assert.Equal(File.ReadAllBytes(from.File(name)), File.ReadAllBytes(to.File(name)));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(to.File(name)));
        }
    }

    /// <summary>Ends a restore after each of its steps; the next start finds one of the two states, and all of it.</summary>
    [Fact]
    public async Task A_restore_that_is_killed_at_any_step_leaves_the_old_state_or_the_new_one()
    {
        using TemporaryDirectory backup = new();
        await FillAsync(backup, "new");
        var document = Backup.Make(backup.Path, new StateFiles(), Now);
        var (old, neu) = (0, 0);
        for (var steps = 0; ; steps++)
        {
            using TemporaryDirectory state = new();
            await FillAsync(state, "old");
            File.WriteAllText(state.File("blocks.json"), "{}");
            var before = Content(state);
            var files = new DyingFiles(steps);
            try
            {
                Restore.Run(document, state.Path, files);
            }
            catch (IOException)
            {
                // The process was killed at this step.
            }

            Restore.Finish(state.Path, new StateFiles());
            var after = Content(state);
            if (after.SequenceEqual(before))
                old++;
            else if (after.SequenceEqual(Content(backup)))
                neu++;
            else
                Assert.Fail($"after {steps} steps: {string.Join(", ", after.Select(file => file.Key))}");
            if (!files.Died)
                break;
        }

        Assert.True(old >= 2 && neu > 10, $"{old} {neu}");
    }

    [Theory]
    [InlineData("is not a backup of a hub", "")]
    [InlineData("is not a backup of a hub", "{}")]
    [InlineData("its format is not", """{"format":"zip","version":1,"made":"2026-05-01T12:00:00Z","hub":"0.1.0","files":[]}""")]
    [InlineData(
        "this hub knows version 1",
        """{"format":"tunnel-hub backup","version":2,"made":"2026-05-01T12:00:00Z","hub":"9.0.0","files":[{"name":"x","sha256":"","content":""}]}""")]
    [InlineData(
        "does not match its checksum",
        """{"format":"tunnel-hub backup","version":1,"made":"2026-05-01T12:00:00Z","hub":"0.1.0","files":[{"name":"edges.json","sha256":"AAAA","content":"e30="}]}""")]
    [InlineData(
        "does not match its checksum",
        """{"format":"tunnel-hub backup","version":1,"made":"2026-05-01T12:00:00Z","hub":"0.1.0","files":[null]}""")]
    [InlineData(
        "that this hub does not know",
        """{"format":"tunnel-hub backup","version":1,"made":"2026-05-01T12:00:00Z","hub":"0.1.0","files":[{"name":"../passwd","sha256":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","content":""}]}""")]
    public void What_is_no_backup_or_is_damaged_is_refused_and_says_why(string expected, string text) =>
        Assert.Contains(
            expected, Assert.Throws<OperatorException>(() => Backup.Read(Encoding.UTF8.GetBytes(text), "b.json")).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("edges.json")]
    [InlineData("hub-certificate.pem")]
    [InlineData("hub-certificate-next.pem")]
    public async Task A_state_that_no_hub_starts_with_is_neither_kept_nor_restored(string name)
    {
        using TemporaryDirectory state = new();
        await FillAsync(state, "a");
        var content = File.ReadAllText(state.File(name));
        File.WriteAllText(state.File(name), content[..(content.Length / 2)]);
        Assert.Contains(
            name, Assert.Throws<OperatorException>(() => Backup.Make(state.Path, new StateFiles(), Now)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_commands_write_a_file_for_the_owner_alone_and_name_the_hub_that_has_the_state()
    {
        using TemporaryDirectory state = new(), place = new();
        await FillAsync(state, "a");
        var file = place.File("backup.json");
        File.WriteAllText(file, "of yesterday");
        Assert.Equal(ExitCodes.Fine, (await RunAsync("backup", file, "--state-dir", state.Path)).Code);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Contains(
            "is in order", (await RunAsync("restore", file, "--state-dir", place.File("none"), "--dry-run")).Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(place.File("none")));

        File.WriteAllText(state.File("admin-key"), "later");
        using (StateDirectory.Take(state.Path, [], Now, NullLogger.Instance))
        {
            var held = await RunAsync("restore", file, "--state-dir", state.Path);
            Assert.Equal(ExitCodes.Failed, held.Code);
            Assert.Contains($"is in use by process {Environment.ProcessId}, since 2026-05-01", held.Error, StringComparison.Ordinal);
            Assert.Equal("later", File.ReadAllText(state.File("admin-key")));
            Assert.Equal(ExitCodes.Fine, (await RunAsync("backup", place.File("while-it-runs"), "--state-dir", state.Path)).Code);
        }

        Assert.Equal(ExitCodes.Fine, (await RunAsync("restore", file, "--state-dir", state.Path)).Code);
        Assert.Equal("key of a", File.ReadAllText(state.File("admin-key")));
    }

    [Fact]
    public async Task There_is_no_backup_of_nothing_or_of_half_a_restore()
    {
        using TemporaryDirectory state = new();
        Assert.Contains(
            "There is no hub's state", (await RunAsync("backup", state.File("b"), "--state-dir", state.Path)).Error,
            StringComparison.Ordinal);
        await FillAsync(state, "a");
        File.WriteAllBytes(state.File(Restore.FileName), Backup.Write(Backup.Make(state.Path, new StateFiles(), Now)));
        Assert.Contains(
            "was cut off", (await RunAsync("backup", state.File("b"), "--state-dir", state.Path)).Error, StringComparison.Ordinal);
    }

    private static async Task FillAsync(TemporaryDirectory state, string id)
    {
        await using (var store = TestEdges.Store(state.Path))
            await store.AddAsync(TestEdges.WithSecret(id), default);
        foreach (var name in Directory.GetFiles(state.Path).Where(path => Path.GetFileName(path) != EdgeStateFormat.FileName))
            File.Delete(name);
        HubCertificate.Create(state.Path, state.File(HubCertificate.FileName), TimeProvider.System);
        HubCertificate.Create(state.Path, state.File(HubCertificates.NextFileName), TimeProvider.System);
        File.WriteAllText(state.File("admin-key"), $"key of {id}");
    }

    private static IEnumerable<string> Names(TemporaryDirectory directory) =>
        Directory.GetFiles(directory.Path).Select(path => Path.GetFileName(path)!);

    // What a hub reads; a part of a file under another name is none of it.
    private static SortedDictionary<string, string> Content(TemporaryDirectory directory) =>
        new(
            Names(directory).Where(HubStateFiles.All.Contains).ToDictionary(name => name, name => File.ReadAllText(directory.File(name))),
            StringComparer.Ordinal);

    private static async Task<(int Code, string Out, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        return (await HubCommandLine.InvokeAsync(arguments, output, error), output.ToString(), error.ToString());
    }

    /// <summary>A disk whose process is killed after some steps; a write during which it dies leaves half of a file.</summary>
    private sealed class DyingFiles(int steps) : IStateFiles
    {
        private readonly StateFiles _real = new();
        private int _left = steps;

        public bool Died { get; private set; }

        public void MakeDirectory(string path) => _real.MakeDirectory(path);

        public byte[]? Read(string path) => _real.Read(path);

        public void WriteAndFlush(string path, byte[] content)
        {
            if (_left == 0 && !Died)
                File.WriteAllBytes(path, content[..(content.Length / 2)]);
            Step();
            _real.WriteAndFlush(path, content);
        }

        public void Rename(string from, string to)
        {
            Step();
            _real.Rename(from, to);
        }

        public void FlushDirectory(string path) => Step();

        public void Delete(string path)
        {
            Step();
            _real.Delete(path);
        }

        private void Step()
        {
            Died |= _left-- <= 0;
            if (Died)
                throw new IOException("killed");
        }
    }
}
