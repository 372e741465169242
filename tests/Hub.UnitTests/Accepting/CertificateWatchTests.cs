using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Accepting;

public sealed class CertificateWatchTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTimeProvider _time = new();
    private readonly HubCertificates _certificates;
    private readonly CertificateWatch _watch;
    private readonly List<string[]> _announced = [];
    private bool _isKnown;

    public CertificateWatchTests()
    {
        // Kubernetes mounts a secret so: the file leads to a link that leads to a directory.
        Put("first");
        File.CreateSymbolicLink(_directory.File("..data"), "first");
        File.CreateSymbolicLink(_directory.File("tls.pem"), "..data/tls.pem");
        var options = new TlsOptions { CertPem = _directory.File("tls.pem") };
        _certificates = HubCertificates.Load(options, _directory.Path, TimeProvider.System, NullLogger.Instance);
        _watch = new CertificateWatch(
            options, _certificates, () => _announced.Add([.. _certificates.Pins]), _ => _isKnown, _time, NullLogger.Instance);
    }

    public void Dispose()
    {
        _watch.Dispose();
        _certificates.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Another_key_is_announced_and_used_once_the_edges_know_it()
    {
        var old = _certificates.Present.Pin;
        Swap(Put("second"));
        Look(2);
        var next = _certificates.Next!.Pin;
        Assert.Equal([[old, next]], _announced);
        Look(CertificateWatch.Patience - 2);
        Assert.Equal(old, _certificates.Present.Pin);

        _isKnown = true;
        Look(1);
        Assert.Equal(next, _certificates.Present.Pin);
        Assert.Equal([[old, next], [next]], _announced);
    }

    [Fact]
    public void Edges_that_never_confirm_are_not_waited_for_longer_than_ten_looks()
    {
        var old = _certificates.Present.Pin;
        Swap(Put("second"));
        Look(2 + CertificateWatch.Patience);
        Assert.NotEqual(old, _certificates.Present.Pin);
        Assert.Null(_certificates.Next);
    }

    [Fact]
    public void What_can_not_be_used_leaves_the_old_one_and_what_is_whole_again_is_used()
    {
        var old = _certificates.Present.Pin;
        var second = Put("second");
        var whole = File.ReadAllText(_directory.File("second/tls.pem"));
        File.WriteAllText(_directory.File("second/tls.pem"), whole[..(whole.Length / 2)]);
        Swap(second);
        Look(5);
        File.Delete(_directory.File("..data"));
        Look(5);
        Assert.Equal((old, null), (_certificates.Present.Pin, _certificates.Next));
        Assert.Empty(_announced);

        File.WriteAllText(_directory.File("second/tls.pem"), whole);
        File.CreateSymbolicLink(_directory.File("..data"), second);
        _isKnown = true;
        Look(3);
        Assert.NotEqual(old, _certificates.Present.Pin);
    }

    [Fact]
    public void One_of_the_same_key_is_used_at_once_and_files_that_say_the_same_are_no_change()
    {
        var old = _certificates.Present;
        Directory.CreateDirectory(_directory.File("same"));
        File.Copy(_directory.File("first/tls.pem"), _directory.File("same/tls.pem"));
        Swap("same");
        Look(5);
        Assert.Same(old, _certificates.Present);

        File.AppendAllText(_directory.File("same/tls.pem"), "\n");
        Look(2);
        Assert.NotSame(old, _certificates.Present);
        Assert.Equal([[old.Pin]], _announced);
    }

    private string Put(string name)
    {
        Directory.CreateDirectory(_directory.File(name));
        HubCertificate.Create(_directory.File(name), _directory.File(name + "/tls.pem"), TimeProvider.System);
        return name;
    }

    private void Swap(string target)
    {
        File.Delete(_directory.File("..data"));
        File.CreateSymbolicLink(_directory.File("..data"), target);
    }

    private void Look(int times)
    {
        for (var look = 0; look < times; look++)
            _time.Advance(ContentWatch.Interval);
    }
}
