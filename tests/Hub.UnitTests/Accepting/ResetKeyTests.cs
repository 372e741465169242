using Tunnel.Hub.Accepting;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Files;

namespace Tunnel.Hub.UnitTests.Accepting;

public sealed class ResetKeyTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_next_process_has_the_same_and_nobody_else_may_read_it()
    {
        var key = ResetKey.Load(_directory.File("state"), new StateFiles());
        Assert.Equal(32, key.Length);
        Assert.Equal(key, ResetKey.Load(_directory.File("state"), new StateFiles()));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory.File("state"), "quic-reset-key")));
    }

    [Fact]
    public void A_damaged_one_is_made_anew()
    {
        var key = ResetKey.Load(_directory.File("state"), new StateFiles());
        File.WriteAllText(Path.Combine(_directory.File("state"), "quic-reset-key"), "short");
        Assert.NotEqual(key, ResetKey.Load(_directory.File("state"), new StateFiles()));
    }
}
