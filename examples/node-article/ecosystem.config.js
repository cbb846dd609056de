// What one has who comes from pm2.
module.exports = {
  apps: [{
    name: 'article',
    script: 'server.js',
    instances: 2,
    exec_mode: 'cluster',
    max_memory_restart: '300M',
    env: { NODE_ENV: 'production' },
  }],
};
