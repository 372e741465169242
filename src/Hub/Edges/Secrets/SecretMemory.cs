using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>
/// Fast keyed hashes of chosen secrets that were correct before, so that an edge that connects again costs no slow hash: neither in a
/// storm of reconnects, nor after a restart of the hub, nor while somebody guesses. A hash belongs to one secret's id and is forgotten
/// with it. Thread-safe; <see cref="Save"/> is called shortly after a change, and at the end.
/// </summary>
internal sealed class SecretMemory : IAsyncDisposable
{
    // When a thousand edges come back after an upgrade, this avoids a thousand writes.
    private static readonly TimeSpan SaveDelay = TimeSpan.FromSeconds(1);

    private readonly SecretMemoryFile? _file;
    private readonly ILogger? _logger;
    private readonly ConcurrentDictionary<Guid, byte[]> _hashes;
    private readonly Lock _saving = new();
    private readonly ITimer? _timer;
    private int _changed;

    /// <summary>Creates a memory that lasts as long as the process.</summary>
    public SecretMemory()
    {
        Key = RandomNumberGenerator.GetBytes(SecretHasher.HashBytes);
        _hashes = new();
    }

    /// <summary>
    /// Creates a memory that is kept in the state directory. If it can't be read, it starts empty, which costs each edge one slow hash.
    /// </summary>
    public SecretMemory(SecretMemoryFile file, TimeProvider time, ILogger logger)
    {
        _file = file;
        _logger = logger;
        (Key, var hashes) = file.Load(logger);
        _hashes = new(hashes);
        _timer = time.CreateGuardedTimer(
            static self =>
                Task.Run(self.Save).Guard("saving remembered secrets"), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The key of the hashes; without it they are useless.</summary>
    public byte[] Key { get; }

    /// <summary>Returns the hash of a secret, or null.</summary>
    public byte[]? Find(Guid secretId) => _hashes.GetValueOrDefault(secretId);

    /// <summary>Remembers a secret that was correct.</summary>
    public void Add(Guid secretId, byte[] hash)
    {
        _hashes[secretId] = hash;
        NoteChange();
    }

    /// <summary>Forgets all secrets but these.</summary>
    public void Retain(IReadOnlySet<Guid> secretIds)
    {
        foreach (var id in _hashes.Keys.Where(id => !secretIds.Contains(id)))
        {
            if (_hashes.TryRemove(id, out _))
                NoteChange();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_timer is null)
            return;
        await _timer.DisposeAsync();
        await Task.Run(Save);
    }

    private void NoteChange()
    {
        if (Interlocked.Exchange(ref _changed, 1) == 0)
            _timer?.Change(SaveDelay, Timeout.InfiniteTimeSpan);
    }

    private void Save()
    {
        lock (_saving)
        {
            if (Interlocked.Exchange(ref _changed, 0) == 0)
                return;
            try
            {
                _file!.Save(Key, _hashes.ToDictionary());
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                SecretsLog.MemoryNotSaved(_logger!, error, _file!.FilePath);
            }
        }
    }
}
