using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Tunnel.Hub.Edges.Secrets;

namespace Tunnel.Hub.UnitTests.Edges.Secrets;

/// <summary>Hashes cheaply and writes down the work, so that a test compares work instead of time.</summary>
internal sealed class CountingHasher : ISecretHasher
{
    private readonly ConcurrentQueue<string> _work = new();

    /// <summary>Runs inside the slow hash.</summary>
    public Action OnSlow { get; set; } = () => { };

    /// <summary>Returns the hashes since the last call, in order, with the lengths of their inputs.</summary>
    public string TakeWork()
    {
        var work = string.Join(' ', _work);
        _work.Clear();
        return work;
    }

    public byte[] HashGenerated(byte[] salt, string secret) => Hash("fast", salt, secret);

    public byte[] HashRemembered(byte[] salt, string secret) => Hash("remembered", salt, secret);

    public byte[] HashChosen(byte[] salt, string secret)
    {
        OnSlow();
        return Hash("slow", salt, secret);
    }

    private byte[] Hash(string kind, byte[] salt, string secret)
    {
        _work.Enqueue($"{kind}({salt.Length},{secret.Length})");
        return SHA256.HashData([.. Encoding.ASCII.GetBytes(kind), .. salt, .. Encoding.ASCII.GetBytes(secret)]);
    }
}
