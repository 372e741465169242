using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// The pins that the hub's certificate is checked against: those of the token, and those that the hub announced for a planned key change
/// and that are kept in the state directory. Announced pins only ever add to configured ones: an edge that trusts the system's store
/// must not be bound to a key by a message.
/// </summary>
internal sealed class PinStore
{
    internal const string FileName = "hub-pins.json";
    private const int MaxAnnounced = 16;
    private const int MaxFileSize = 64 << 10;

    private readonly string? _path;
    private readonly ImmutableArray<string> _configured;
    private readonly ILogger _logger;
    private ImmutableArray<string> _announced = [];

    /// <param name="stateDirectory">Where announced pins are kept, or null to keep them for the process only.</param>
    /// <param name="configured">The token's pins.</param>
    /// <param name="logger">Where trouble with the file is told.</param>
    public PinStore(string? stateDirectory, ImmutableArray<string> configured, ILogger logger)
    {
        _path = stateDirectory is null ? null : Path.Combine(stateDirectory, FileName);
        _configured = configured;
        _logger = logger;
        Load();
    }

    /// <summary>What to accept; empty means that the system's trust store decides.</summary>
    public ImmutableArray<string> Current => _configured.IsEmpty ? [] : [.. _configured.Union(_announced)];

    /// <summary>The hub announced its pins: they replace those that it announced before.</summary>
    public void Announce(ImmutableArray<string> announced)
    {
        ImmutableArray<string> valid = [.. announced.Where(CertificatePin.IsWellFormed).Distinct().Take(MaxAnnounced)];
        if (_configured.IsEmpty || valid.IsEmpty || valid.SequenceEqual(_announced))
            return;
        _announced = valid;
        Save();
    }

    private void Load()
    {
        if (_path is null || !File.Exists(_path))
            return;
        try
        {
            if (new FileInfo(_path).Length > MaxFileSize)
                throw new InvalidDataException("the file is too long");
            var state = JsonSerializer.Deserialize(File.ReadAllBytes(_path), ConnectingJsonContext.Default.PinState);
            // With another token these announcements mean another hub.
            if (state is not null && state.Configured.SequenceEqual(_configured))
                _announced = [.. state.Announced.Where(CertificatePin.IsWellFormed)];
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            ConnectingLog.PinsUnreadable(_logger, _path, e.Message);
        }
    }

    private void Save()
    {
        if (_path is null)
            return;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            var temporary = _path + ".new";
            using (var file = File.Create(temporary))
            {
                JsonSerializer.Serialize(file, new PinState(_configured, _announced), ConnectingJsonContext.Default.PinState);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ConnectingLog.PinsNotKept(_logger, _path, e.Message);
        }
    }
}
