using Microsoft.Extensions.Logging.Abstractions;
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

        const UnixFileMode likeTmp = Owner | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.StickyBit;
        File.SetUnixFileMode(_directory.FullName, likeTmp);
        Assert.Throws<OperatorException>(() => StateDirectory.Secure(_directory.FullName, ["key.pem"], NullLogger.Instance));
        Assert.Equal(likeTmp, File.GetUnixFileMode(_directory.FullName));
    }

    [Fact]
    public void A_directory_that_is_not_there_yet_is_none_to_look_at() =>
        StateDirectory.Secure(Path.Combine(_directory.FullName, "none"), ["key.pem"], NullLogger.Instance);
}
