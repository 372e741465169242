using System.Buffers;
using System.Collections.Concurrent;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>
/// Keeps every secret, token, key, id of a tunnel and payload of the tests, and all that services wrote: nothing of the first may be in the
/// second. Each service's output is checked when it ends, and all of it once more, against everything, at the end of all tests.
/// </summary>
public static class KnownSecrets
{
    // Shorter ones would be found in any text.
    private const int Least = 12;

    private static readonly ConcurrentDictionary<string, bool> Secrets = new();
    private static readonly ConcurrentBag<(string Name, string Log)> Logs = [];

    // Tens of thousands of them are looked for in one pass over a text; made anew only when there are more.
    private static Search? _search;

    /// <summary>Remembers a secret; of a token the secret in it too.</summary>
    public static string Add(string secret)
    {
        if (secret.Length >= Least)
        {
            Secrets[secret] = true;
        }

        if (ConnectionToken.TryDecode(secret, out var token, out _))
        {
            Secrets[token.Secret] = true;
        }

        return secret;
    }

    /// <summary>Checks what a service wrote, and keeps it for the end.</summary>
    public static void Check(string name, string log)
    {
        Logs.Add((name, log));
        AssertNoneIn(name, log);
    }

    /// <summary>Checks everything again: a secret may have become known after the service that knew it had ended.</summary>
    public static void CheckAll()
    {
        foreach (var (name, log) in Logs)
        {
            AssertNoneIn(name, log);
        }
    }

    /// <summary>Ends the test when there is a secret in what was written.</summary>
    public static void AssertNoneIn(string name, string log)
    {
        if (!Known().ContainedIn(log))
            return;

        // The secret is a test's own: it may be shown, so that it is found.
        var secret = Secrets.Keys.First(secret => log.Contains(secret, StringComparison.Ordinal));
        var line = log.Split('\n').First(line => line.Contains(secret, StringComparison.Ordinal));
        throw new InvalidOperationException($"{name} has logged the secret {secret}: {line}");
    }

    private static Search Known()
    {
        var search = Volatile.Read(ref _search);
        if (search?.Count != Secrets.Count)
            Volatile.Write(ref _search, search = new Search([.. Secrets.Keys]));
        return search;
    }

    private sealed class Search(string[] secrets)
    {
        private readonly SearchValues<string> _values = SearchValues.Create(secrets, StringComparison.Ordinal);

        public int Count => secrets.Length;

        public bool ContainedIn(string text) => text.AsSpan().ContainsAny(_values);
    }
}
