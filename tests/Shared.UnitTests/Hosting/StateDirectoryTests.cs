using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class StateDirectoryTests : IDisposable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupExecute;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-state-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Others_lose_the_right_to_write_and_keep_that_to_read()
    {
        var key = Path.Combine(_directory.FullName, "key.pem");
        File.WriteAllText(key, "");
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite);
        File.SetUnixFileMode(_directory.FullName, Owner | Group | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);

        StateDirectory.Secure(_directory.FullName, ["key.pem"], NullLogger.Instance);

        Assert.Equal(Owner | Group, File.GetUnixFileMode(_directory.FullName));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
    }

    [Fact]
    public void A_file_of_somebody_else_is_refused()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give files away");
        var key = Path.Combine(_directory.FullName, "key.pem");
        File.WriteAllText(key, "planted");
        UnixCommands.GiveTo(12345, key);

        var error = Assert.Throws<OperatorException>(() => StateDirectory.Secure(_directory.FullName, ["key.pem"], NullLogger.Instance));
        Assert.Contains("key.pem belongs to user 12345", error.Message, StringComparison.Ordinal);

        // A service's user owns its directory, and root runs it by hand.
        UnixCommands.GiveTo(12345, _directory.FullName);
        StateDirectory.Secure(_directory.FullName, ["key.pem"], NullLogger.Instance);
    }

    [Fact]
    public void Files_of_others_programs_are_left_alone_and_a_directory_for_all_is_refused()
    {
        var other = Path.Combine(_directory.FullName, "other");
        File.WriteAllText(other, "");
        File.SetUnixFileMode(other, UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        StateDirectory.Secure(_directory.FullName, ["key.pem"], NullLogger.Instance);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.OtherWrite, File.GetUnixFileMode(other));

        const UnixFileMode likeTmp =
            Owner | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.StickyBit;
        File.SetUnixFileMode(_directory.FullName, likeTmp);
        Assert.Throws<OperatorException>(() => StateDirectory.Secure(_directory.FullName, ["key.pem"], NullLogger.Instance));
        Assert.Equal(likeTmp, File.GetUnixFileMode(_directory.FullName));
    }

    [Fact]
    public void A_directory_that_is_not_there_yet_is_none_to_look_at() =>
        StateDirectory.Secure(Path.Combine(_directory.FullName, "none"), ["key.pem"], NullLogger.Instance);

    [Fact]
    public void One_process_at_a_time_has_it_and_the_next_is_told_who()
    {
        var directory = Path.Combine(_directory.FullName, "state");
        var first = StateDirectory.Take(directory, [], new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero), NullLogger.Instance);
        var refused = Assert.Throws<OperatorException>(() => StateDirectory.Take(directory, [], default, NullLogger.Instance)).Message;
        Assert.Contains($"is in use by process {Environment.ProcessId}, since 2026-05-01 12:00:00 UTC", refused, StringComparison.Ordinal);

        first.Dispose();
        StateDirectory.Take(directory, [], default, NullLogger.Instance).Dispose();
    }

    [Fact]
    public void What_is_locked_belongs_to_the_directorys_owner()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give files away");
        UnixCommands.GiveTo(12345, _directory.FullName);
        using var held = StateDirectory.Take(_directory.FullName, [], default, NullLogger.Instance);
        Assert.Equal(12345u, UnixFile.At(Path.Combine(_directory.FullName, StateDirectory.LockName))!.Value.Owner);
    }

    [Fact]
    public void What_is_no_directory_is_named()
    {
        var file = Path.Combine(_directory.FullName, "file");
        File.WriteAllText(file, "");
        Assert.Contains(
            "is a file, not a directory",
            Assert.Throws<OperatorException>(() => StateDirectory.Take(file, [], default, NullLogger.Instance)).Message,
            StringComparison.Ordinal);
    }
}
