// Plays an HLS stream in a <video> where the browser cannot do it alone. hls.js comes from our own server, and only here.
export async function play(path, video, address, failed) {
  const { default: Hls } = await import(path);
  if (!Hls.isSupported()) throw new Error("no media source extensions");
  const player = new Hls();
  player.on(Hls.Events.ERROR, (_, error) => {
    if (error.fatal) failed();
  });
  player.loadSource(address);
  player.attachMedia(video);
  return player;
}

export function stop(player) {
  player.destroy();
}
