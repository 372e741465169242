using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Files;
using Tunnel.Shared.Strangers;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Admin;

/// <summary>The key decides who may come in over the network.</summary>
public sealed class AdminAccessTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly AdminKeys _keys;
    private readonly AdminAccess _access;

    public AdminAccessTests()
    {
        _keys = AdminKeys.Load(_directory.File("state"), new StateFiles());
        _access = new AdminAccess(_keys, new FailedTries(new ManualTimeProvider()), NullLogger.Instance);
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("POST")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    public async Task The_full_key_may_do_everything_and_the_other_one_look(string method)
    {
        Assert.True(await AskAsync(method, _keys.Full.Value));
        if (method == "GET")
        {
            Assert.True(await AskAsync(method, _keys.ReadOnly.Value));
            return;
        }

        var refused = (await Assert.ThrowsAsync<ProblemException>(() => AskAsync(method, _keys.ReadOnly.Value))).Problem;
        Assert.Equal(403, refused.Status);
        Assert.Contains("may look and not change", refused.Detail, StringComparison.Ordinal);
        Assert.Contains(method, refused.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_key_allows_is_known_to_what_answers()
    {
        Assert.True(await MayChangeAsync(_keys.Full.Value));
        Assert.False(await MayChangeAsync(_keys.ReadOnly.Value));
    }

    [Fact]
    public async Task The_keys_are_two_files_for_their_owner_and_each_is_replaced_alone()
    {
        Assert.NotEqual(_keys.Full.Value, _keys.ReadOnly.Value);
        var old = _keys.ReadOnly.Value;
        _keys.ReadOnly.Rotate();
        Assert.Equal(401, (await Assert.ThrowsAsync<ProblemException>(() => AskAsync("GET", old))).Problem.Status);
        Assert.True(await AskAsync("GET", _keys.Full.Value));
        foreach (var name in AdminKeys.FileNames)
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory.File("state"), name)));
        }
    }

    private async Task<bool> AskAsync(string method, string key) => await PassAsync(method, key) is not null;

    private async Task<bool> MayChangeAsync(string key) => AdminAccess.MayChange((await PassAsync("GET", key))!);

    // Returns the request that came through; null when none did.
    private async Task<HttpContext?> PassAsync(string method, string key)
    {
        HttpContext? passed = null;
        var context = new DefaultHttpContext();
        context.Request.Method = method;
        context.Request.Headers.Authorization = $"Bearer {key}";
        context.Connection.RemoteIpAddress = IPAddress.Loopback;
        await _access.InvokeAsync(context, through =>
        {
            passed = through;
            return Task.CompletedTask;
        });
        return passed;
    }
}
